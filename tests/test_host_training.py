"""A real training on a host: launched, seen, steered and stopped from here, through a connection that breaks."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.hosts import NEEDS_SSHD, sshd_of
from tests.program import bodies_of, program, reach_iteration
from tests.terminal import Terminal
from tests.waiting import TRAINING_SECONDS, wait_for
from trainer_proc.contract.messages import InterventionApplied
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.trainer_lock import is_training
from tui.session.runs.run_index import read_state

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("warm_python"), NEEDS_SSHD]
WEIGHT = "reward/smooth_reward/weight"


def test_a_training_there_is_started_seen_steered_and_stopped_from_here(tmp_path, monkeypatch):
    with sshd_of(tmp_path / "sshd") as server:
        server.use(monkeypatch)

        def there(*arguments):
            return program(tmp_path, "--host", "loop", *arguments)

        options = ("--name", "there", "--device", "cpu", "--num-envs", "4", "--iterations", "100000")
        folder = RunFolder(Path(json.loads(there("launch", "cartpole", *options, "--json"))["run"]))
        assert folder.path.is_relative_to(server.home)
        terminal = Terminal(tmp_path, "--host", "loop", "attach", "there")
        try:
            terminal.wait_until(lambda text: f"loop:{folder.name}" in text and "training" in text, "the dashboard")
            there("tune", "there", f"{WEIGHT}=3", "--applied")
            terminal.wait_until(lambda text: re.search(r"smooth_reward/weight +3 ", text), "the change on the screen")
            server.stop()
            terminal.wait_until(lambda text: "not following" in text, "the report of the broken connection")
            reach_iteration(folder, read_state(folder).iteration + 1)
            server.start()
            terminal.wait_until(lambda text: "not following" not in text, "the next connection", TRAINING_SECONDS)
            terminal.press(b"x")
            terminal.wait_until(lambda text: "top?" in text, "the question")
            terminal.press(b"y")
            wait_for(lambda: not is_training(folder), "the end of the training", TRAINING_SECONDS)
            terminal.wait_until(lambda text: "stopped" in text, "the end on the screen")
        finally:
            terminal.close()
        assert [body.changes[0].new for body in bodies_of(folder) if isinstance(body, InterventionApplied)][-1] == 3.0
        assert folder.checkpoints()
