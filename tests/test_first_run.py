"""The first run, for real: a training is launched, watched, steered, left alone and killed."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.program import PROGRAM, program, published, reach_iteration
from tests.terminal import BRAILLE_DOTS, Terminal
from tests.tui.screens.recorded import until
from tests.waiting import TRAINING_SECONDS, wait_for
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.messages import RunStarted
from trainer_proc.contract.run_folder import RunFolder
from tui.app import HumanoidTui
from tui.screens.dashboard.screen import DashboardScreen
from tui.session.runs.run_index import read_state

pytestmark = pytest.mark.real

KNOB = "reward/smooth_reward/weight"
EFFECT = "Episode_Reward/smooth_reward"
SHORT = ("--iterations", "5000", "--num-envs", "16", "--override", "env.episode_length_s=1.0")
"""Episodes that end soon: what is published of an episode is published then."""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def run(work: Path):
    """A cartpole training that has begun to iterate; ended with force if a test has not stopped it."""
    answer = json.loads(program(work, "launch", "cartpole", *SHORT, "--name", "first", "--json"))
    folder = RunFolder(Path(answer["run"]))
    yield folder
    if connection := read_connection(folder):
        trainer = psutil.Process(connection.pid).parent()
        for process in (trainer, psutil.Process(connection.pid)):
            if process is not None and process.pid != os.getpid():
                process.kill()


def test_the_run_folder_has_the_layout_that_mjlab_users_know(run: RunFolder, work: Path):
    reach_iteration(run, 0)
    wait_for(run.checkpoint(0).is_file, "the first checkpoint")  # saved after the iteration is published
    assert run.path.parent == work / "logs" / "rsl_rl" / "cartpole"
    assert run.name.endswith("_first")
    for name in ("run.toml", "journal.msgpack", "console.log", "params/env.yaml", "params/agent.yaml", "model_0.pt"):
        assert (run.path / name).is_file(), name
    wait_for((run.path / "code.toml").is_file, "the record of the code")
    assert list(run.path.glob("events.out.tfevents.*"))


def test_every_iteration_carries_losses_vital_signs_and_success(run: RunFolder):
    state = reach_iteration(run, 2)
    for name in (
        "Train/mean_reward",
        "Train/success_rate",
        "Loss/value",
        "Loss/surrogate",
        "Policy/kl",
        "Policy/desired_kl",
        "Policy/clip_fraction",
        "Policy/explained_variance",
        "Policy/actor_gradient_norm",
        "Policy/critic_gradient_norm",
        "Perf/total_fps",
    ):
        assert np.isfinite(state.latest[name]), name
    assert 0 <= state.latest["Train/success_rate"] < 0.5  # of a pole that nobody has learned to hold
    assert 0 < state.latest["Policy/kl"] < 1
    assert state.environment_steps > 0
    assert state.seconds_left > 0


def test_a_tenfold_weight_shows_in_the_published_reward(run: RunFolder, work: Path):
    before = published(run, EFFECT)
    assert before
    assert max(before.values()) <= 1.0  # at weight 1 the term is at most 1 a step
    answer = json.loads(program(work, "tune", "first", f"{KNOB}=10", "--note", "tenfold", "--applied", "--json"))
    applied = answer["iteration"]
    assert answer["changes"] == [{"knob": KNOB, "old": 1.0, "new": 10.0}]

    def risen() -> bool:
        return any(value > 1.5 for iteration, value in published(run, EFFECT).items() if iteration >= applied)

    wait_for(risen, f"{EFFECT} above what weight 1 allows", TRAINING_SECONDS)
    assert all(value <= 1.0 for iteration, value in published(run, EFFECT).items() if iteration < applied)
    knobs = json.loads(program(work, "knobs", "first", "--json"))
    assert knobs["knobs"][0]["value"] == 10.0
    assert knobs["knobs"][0]["applied_at"] == applied


def test_a_pause_holds_the_training_until_it_is_resumed(run: RunFolder, work: Path):
    program(work, "pause", "first")
    wait_for(lambda: read_state(run).status(True) == "paused", "the pause")
    held_at = read_state(run).iteration
    program(work, "tune", "first", f"{KNOB}=9", "--applied")  # takes effect while paused
    program(work, "save", "first")
    wait_for(run.checkpoint(held_at or 0).is_file, "the checkpoint")
    assert read_state(run).iteration == held_at
    program(work, "resume", "first")
    reach_iteration(run, (held_at or 0) + 1)


def test_the_robot_is_watched_in_a_terminal_and_costs_nothing_afterwards(run: RunFolder, work: Path):
    reach_iteration(run, 2)
    terminal = Terminal(work, "attach", "first")
    try:
        terminal.wait_until(lambda text: KNOB.rpartition("/")[2] in text, "the knobs")
        terminal.press(b"v")
        terminal.wait_until(lambda text: BRAILLE_DOTS.search(text) and "env " in text, "the robot")
        terminal.press(b"n")
        terminal.wait_until(lambda text: "Watch environment" in text, "the choice")
        terminal.press(b"7\r")
        terminal.wait_until(lambda text: "robot env 7" in text and "env 7 of 16" in text, "another environment")
        terminal.press(b" [[")
        terminal.wait_until(lambda text: re.search(r"‖ paused.* -\d+\.\d s of", text), "an earlier moment")
        before = read_state(run).iteration
        assert before is not None
        reach_iteration(run, before + 2)  # the training does not wait for a viewer that looks back
        terminal.press(b"v")
        terminal.wait_until(lambda text: "robot env 7" not in text, "the charts alone")
        wait_for(lambda: "[robot] no viewer is left" in run.console.read_text(errors="replace"), "the end of the cost")
    finally:
        terminal.close()


async def test_a_killed_dashboard_costs_nothing_and_a_new_one_shows_the_whole_history(run: RunFolder, work: Path):
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(work)
        os.execv(PROGRAM, [PROGRAM, "attach", "first"])
    shown = b""

    def shows_the_run() -> bool:
        nonlocal shown
        shown += os.read(terminal, 65536)
        return b"success rate" in shown

    wait_for(shows_the_run, "the dashboard")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(terminal)
    killed_at = read_state(run).iteration
    assert killed_at is not None
    reach_iteration(run, killed_at + 2)

    app = HumanoidTui(work / "logs" / "rsl_rl", run)
    async with app.run_test(size=(120, 40)):
        screen = app.screen
        assert isinstance(screen, DashboardScreen)
        await until(lambda: screen.history.series["Train/mean_reward"].count > killed_at, "the history")
        reward = screen.history.series["Train/mean_reward"]
        assert reward.count >= killed_at + 1
        assert reward.first_iteration == min(published(run, "Train/mean_reward"))
        assert [body.changes[0].new for body in screen.state.interventions.values()] == [10.0, 9.0]


def test_a_trainer_that_is_killed_is_told_from_one_that_finished(run: RunFolder):
    started = read_state(run).started
    assert isinstance(started, RunStarted)
    os.kill(started.pid, signal.SIGKILL)
    wait_for(lambda: read_connection(run) is None, "the end of the wire process")
    state = read_state(run)
    assert state.status(False) == "failed"
    assert "died" in state.phase.detail  # type: ignore[union-attr]


def test_a_stop_during_the_build_does_not_wait_for_the_first_iteration(work: Path):
    launch = subprocess.Popen([PROGRAM, "launch", "cartpole", "--name", "early"], cwd=work, stdout=subprocess.PIPE)
    assert launch.stdout is not None
    folder = RunFolder(Path(launch.stdout.readline().decode().strip()))
    wait_for(lambda: read_connection(folder), "the trainer's sockets")
    program(work, "stop", "early")
    launch.communicate(timeout=TRAINING_SECONDS)
    wait_for(lambda: read_connection(folder) is None, "the end of the trainer")
    state = read_state(folder)
    assert state.status(False) == "stopped"
    assert state.iteration is None
    assert "before the first iteration" in state.phase.detail  # type: ignore[union-attr]
