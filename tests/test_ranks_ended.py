"""Two ranks that the program has launched, ended by signals: what is saved and shown, and that no process stays."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.program import launched, program, reach_iteration
from tests.waiting import TRAINING_SECONDS, wait_for
from trainer_proc.contract.checkpoint_damage import damage_of
from trainer_proc.contract.run_folder import RunFolder, iteration_of
from tui.session.runs.run_index import read_state
from tui.session.runs.run_list import RunList

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("warm_python")]

LAUNCH = ("launch", "cartpole", "--device", "cpu", "--processes", "2", "--num-envs", "4", "--iterations", "5000")
QUICK = ("--override", "agent.num_steps_per_env=4", "--override", "agent.save_interval=2")


@dataclass(frozen=True)
class Ranks:
    """A training of two ranks that iterates."""

    folder: RunFolder
    launcher: psutil.Process
    processes: dict[str, psutil.Process]
    """`RANK` and process of each rank, which the launcher has started."""

    def ends(self) -> str:
        """Wait until none of its processes is left; return the status in the list of runs."""
        work = self.folder.path.parents[3]
        wait_for(lambda: not list(processes_in(work)), "the end of all processes", TRAINING_SECONDS)
        rows = (row for batch in RunList(self.folder.path.parents[1]).look() for row in batch)
        return next(row.status for row in rows if row.folder.path == self.folder.path)


def processes_in(work: Path) -> Iterator[psutil.Process]:
    """Find the processes that were started in a folder: launcher, ranks and their wire."""
    for process in psutil.process_iter(["cwd", "status"]):
        if process.info["cwd"] == str(work) and process.info["status"] != psutil.STATUS_ZOMBIE:
            yield process


@pytest.fixture
def train(tmp_path: Path):
    """Return a function that starts a training with these arguments; whatever still runs of it is killed at the end."""

    def begin(*arguments: str) -> Ranks:
        folder = launched(tmp_path, *arguments)
        reach_iteration(folder, (reach_iteration(folder, 0).first_iteration or 0) + 3)
        (launcher,) = (one for one in processes_in(tmp_path) if "trainer_proc.torchrun" in one.cmdline())
        ranks = {child.environ()["RANK"]: child for child in launcher.children()}
        assert set(ranks) == {"0", "1"}
        return Ranks(folder, launcher, ranks)

    yield begin
    for process in processes_in(tmp_path):
        with suppress(psutil.NoSuchProcess):
            process.kill()


def newest(folder: RunFolder) -> int:
    """Return the iteration of the newest checkpoint, which is whole."""
    path = folder.checkpoints()[-1]
    assert damage_of(path) == ""
    iteration = iteration_of(path)
    assert iteration is not None
    return iteration


def test_a_signal_to_the_launcher_saves_a_checkpoint_and_a_killed_rank_is_named(train):
    first = train(*LAUNCH, *QUICK)
    first.launcher.terminate()
    assert first.ends() == "stopped"
    assert "Traceback" not in first.folder.console.read_text()
    assert newest(first.folder) == read_state(first.folder).iteration

    second = train("resume", str(first.folder.path))
    assert read_state(second.folder).first_iteration > newest(first.folder)
    second.processes["1"].kill()
    assert second.ends() == "failed"
    assert read_state(second.folder).phase.detail.startswith("another rank has ended, see the end of console.log; ")
    assert "exitcode  : -9" in second.folder.console.read_text()
    assert newest(second.folder) == read_state(second.folder).iteration


def test_a_killed_rank_0_is_noticed_and_a_stop_with_force_saves_a_checkpoint(train, tmp_path):
    first = train(*LAUNCH, *QUICK)
    first.processes["0"].kill()
    assert first.ends() == "failed"
    assert read_state(first.folder).phase.detail.startswith("the training process died (killed")
    saved = newest(first.folder)

    second = train("resume", str(first.folder.path))
    assert read_state(second.folder).first_iteration == saved + 1
    second.processes["0"].send_signal(signal.SIGTERM)
    assert second.ends() == "stopped"
    assert newest(second.folder) == read_state(second.folder).iteration

    third = train("resume", str(second.folder.path))
    program(tmp_path, "stop", str(third.folder.path))
    assert third.ends() == "stopped"
    assert newest(third.folder) == read_state(third.folder).iteration
