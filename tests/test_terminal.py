"""The program in a real terminal: a training is launched, steered and left with keys alone."""

from __future__ import annotations

import re

import psutil
import pytest

from tests.terminal import BRAILLE_DOTS, Terminal
from tests.waiting import TRAINING_SECONDS, wait_for
from trainer_proc.contract.requests import Accepted, Stop
from tui.session.runs.run_index import find_run, summarize
from tui.session.trainer_request import ask

pytestmark = pytest.mark.real


@pytest.fixture
def terminal(tmp_path):
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


@pytest.fixture
def log_root(tmp_path):
    """Where the run will be; its trainer is gone after the test, whatever happens."""
    root = tmp_path / "logs" / "rsl_rl"
    yield root
    for process in psutil.process_iter(["cmdline"]):
        if any(argument.startswith(str(root.resolve())) for argument in process.info["cmdline"] or ()):
            process.kill()


def test_a_training_is_launched_steered_and_left_with_keys(terminal, log_root):
    terminal.wait_until(lambda text: "Mjlab-" in text and "CPU," in text, "the launch screen")
    terminal.press(b"\x1b[H")
    terminal.wait_until(lambda text: "Cartpole balance" in text, "cartpole")
    terminal.press_and_see(b"\t", "device")
    terminal.press(b"\r")
    terminal.wait_until(lambda text: text.count("CPU,") == 2, "the list of devices")
    terminal.press(b"\x1b[F\r")
    terminal.wait_until(lambda text: text.count("CPU,") == 1 and "environments  64" in text, "the CPU")
    terminal.press_and_see(b"\t", "environments  64")
    terminal.press(b"\x7f\x7f16")  # in one piece, as over a slow connection
    terminal.wait_until(lambda text: re.search(r"environments +16$", text, re.M), "the number of environments")
    terminal.press_and_see(b"\t", "iterations")
    terminal.press(b"600\r")

    def is_live(text: str) -> bool:
        at = re.search(r"training  iteration (\d+) of 600", text)
        return at is not None and int(at[1]) > 3 and BRAILLE_DOTS.search(text) is not None

    terminal.wait_until(is_live, "a live chart", TRAINING_SECONDS)
    assert re.search(r"smooth_reward/weight +1 ", terminal.text)
    terminal.press(b"\r")
    terminal.wait_until(lambda text: "Enter set," in text, "the editor in the row")
    terminal.press(b"5")
    terminal.wait_until(lambda text: re.search(r"smooth_reward/weight +5 +Enter set,", text), "the number")
    terminal.press(b"\r")
    terminal.wait_until(lambda text: re.search(r"smooth_reward/weight +5 .*@\d+ \(user\)", text), "the effect")
    terminal.wait_until(lambda text: text.count("▼") == 10, "a mark on each chart")

    terminal.press(b"q")
    assert terminal.wait_for_end() == 0
    assert b"The training continues." in terminal.said
    run = find_run("latest", log_root)
    assert f"humanoid-tui attach logs/rsl_rl/cartpole/{run.name}".encode() in terminal.said

    summary = summarize(run)
    assert summary.status in ("training", "compiling")
    assert summary.spec is not None
    assert (summary.spec.num_envs, summary.spec.iterations, summary.spec.device) == (16, 600, "cpu")
    left_at = summary.iteration or 0
    wait_for(lambda: (summarize(run).iteration or 0) > left_at, "an iteration without a dashboard")
    assert isinstance(ask(run, Stop()), Accepted)
    wait_for(lambda: summarize(run).status == "stopped", "the end of the training")
    assert run.checkpoints()
