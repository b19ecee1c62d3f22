"""Trainings in processes of their own, and a dashboard's view of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil

from tests.forked import ForkedProgram
from tests.waiting import TRAINING_SECONDS, wait_for
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.requests import Accepted
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.follow import Follower
from tui.session.state import RunState
from tui.session.trainer_request import ask

ROOT = Path(__file__).parents[1]


class Run:
    """`python -m COMMAND` that trains in `folder`, watched as a dashboard does; its output lies beside the folder."""

    def __init__(self, folder: Path, *command: str, ranks: int = 1) -> None:
        self.folder = RunFolder(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        self.console = folder.parent / f"{folder.name}.txt"
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        if ranks > 1:
            command = ("torch.distributed.run", "--standalone", "--nproc_per_node", str(ranks), "-m", *command)
        self.process = ForkedProgram(*command, folder=ROOT, output=self.console, environment=environment)
        self.state = RunState()
        self.frames: list = []
        self._follower = Follower(self.folder)

    def see(self) -> RunState:
        """Return the fold of all that was published up to now."""
        new = self._follower.poll(0.1)
        self.frames += new
        for frame in new:
            self.state.apply(frame)
        return self.state

    def wait(self, condition, what: str):
        """Return the first true `condition(state)`; a process that has ended can make it true no more."""

        def holds():
            has_ended = self.process.poll() is not None
            value = condition(self.see())
            assert value or not has_ended, f"{what}: the training has ended: {self.console.read_text()[-3000:]}"
            return value

        return wait_for(holds, what, TRAINING_SECONDS)

    def trains(self) -> int:
        """Wait for another finished iteration and return its number."""
        before = self.state.iteration
        self.wait(lambda state: state.iteration not in (before, None), "an iteration")
        return self.state.iteration

    def ask(self, command):
        """Return the trainer's reply, which must not be a refusal."""
        reply = ask(self.folder, command)
        assert isinstance(reply, Accepted), reply
        return reply

    def applied(self, command):
        """Ask for a change; return what is told of it once it is in force."""
        number = self.ask(command).intervention
        return self.wait(lambda state: state.interventions.get(number), f"intervention {number}")

    def ends(self) -> int:
        """Wait for the end of the command; return its exit code."""
        wait_for(lambda: self.process.poll() is not None, "the end of the command", TRAINING_SECONDS)
        wait_for(lambda: read_connection(self.folder) is None, "the end of the wire process")
        wait_for(self._has_seen_all, "the journal's last frame")
        return self.process.returncode

    def _has_seen_all(self) -> bool:
        self.see()
        return not (self._follower.is_live or self._follower.has_more)

    def witness(self, rank: int = 0) -> list:
        """Return what `tests.train_point` has written down on a rank."""
        path = self.folder.path.parent / f"rank_{rank}.jsonl"
        whole, _, _ = path.read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def kill(self) -> None:
        """End whatever still runs of it."""
        self._follower.close()
        if self.process.poll() is None:
            for process in (*psutil.Process(self.process.pid).children(recursive=True), self.process):
                process.kill()
            self.process.wait()


def train_cartpole(folder: Path, *arguments: str) -> Run:
    """Start the script of `tests.train_cartpole`."""
    return Run(folder, "tests.train_cartpole", str(folder), *arguments)


def train_preset(folder: Path, ranks: int = 1, **fields) -> Run:
    """Start our own trainer on the cartpole, as a launch does."""
    spec = {"num_envs": 4, "iterations": 5000, "seed": 42, "processes": ranks, **fields}
    folder.mkdir(parents=True)
    task = ("cartpole", "mjlab", "Mjlab-Cartpole-Balance", "cartpole", "cpu")
    RunFolder(folder).write_spec(RunSpec(*task, **spec))
    return Run(folder, "trainer_proc", str(folder), ranks=ranks)


def train_point(folder: Path, *arguments: str, ranks: int = 1) -> Run:
    """Start the script of `tests.train_point`."""
    return Run(folder, "tests.train_point", str(folder), *arguments, ranks=ranks)


def train_in_one_process(specs: dict[Path, RunSpec]) -> dict[str, RunFolder]:
    """Train run folders one after the other in one process, which imports the simulator once; return them by name."""
    folders = [RunFolder(path) for path in specs]
    for folder in folders:
        folder.path.mkdir(parents=True)
        folder.write_spec(specs[folder.path])
    command = [sys.executable, "-m", "tests.train_in_one_process", *(str(folder.path) for folder in folders)]
    with open(folders[0].path.parent / "console.txt", "wb") as console:
        subprocess.run(command, cwd=ROOT, stdout=console, stderr=subprocess.STDOUT, check=True)
    return {folder.name: folder for folder in folders}
