"""A training that fails is started again in its folder, as often as its preset allows."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from msgspec.structs import replace

from tests.program import bodies_of, program
from tests.tui.conftest import STARTED
from tests.waiting import wait_for
from tests.whole_checkpoint import WHOLE_CHECKPOINT
from trainer_proc.contract.messages import Change, InterventionApplied, IterationFinished, PhaseChanged, RunStarted
from trainer_proc.contract.products import CheckpointLoaded, CheckpointSaved
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.trainer_lock import read_trainer
from trainer_proc.restart import RESTARTED, continued_in_place
from tui.commands.shared.start import start
from tui.session.launching.launcher import trainer_arguments
from tui.session.stopping import signal_trainer

PROGRAM = f"""
import os, sys
from pathlib import Path
from trainer_proc.contract.messages import IterationFinished, MetricSet, PhaseChanged, RunStarted
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.wire.link import TrainerLink
attempt = int(os.environ.get({RESTARTED!r}, "0"))
link = TrainerLink(RunFolder(Path(sys.argv[1])))
link.emit(RunStarted("run", "cartpole", "mjlab", "task", "cpu", 4, 10, 42, os.getpid()))
link.emit(MetricSet(0, ()))
error, iteration = eval(sys.argv[2])[attempt]
link.emit(IterationFinished(iteration, 0, b"", 1, 1.0))
if error == "wait":
    input()
link.emit(PhaseChanged("failed", error) if error else PhaseChanged("finished"))
link.close()
sys.exit(bool(error))
"""


@pytest.fixture
def failing(folder):
    """Return a function that starts a training whose attempts end with these errors at these iterations."""
    folder.write_spec(replace(folder.read_spec(), restart={"times": 3}))
    folder.checkpoint(0).write_bytes(WHOLE_CHECKPOINT)
    processes = []

    def failing(*attempts, restart=("-m", "trainer_proc.restart")):
        arguments = (*restart, str(folder.path), "-c", PROGRAM, str(folder.path), repr(attempts))
        processes.append(subprocess.Popen([sys.executable, *arguments], stdin=subprocess.PIPE))
        return processes[-1]

    yield failing
    for process in processes:
        process.kill()
        process.communicate()


def attempts(folder):
    return sum(isinstance(body, RunStarted) for body in bodies_of(folder))


def test_other_failures_are_started_again_and_an_orderly_end_is_the_end(folder, failing):
    assert failing(("no memory", 3), ("no memory", 4), ("", 9)).wait() == 0
    assert attempts(folder) == 3
    assert bodies_of(folder)[-1] == PhaseChanged("finished")


def test_the_same_error_at_the_same_iteration_is_the_end(folder, failing):
    assert failing(("no memory", 3), ("no memory", 3), ("", 9)).wait() == 1
    assert attempts(folder) == 2


def test_a_training_that_is_ended_by_force_is_not_started_again(folder, failing):
    process = failing(("wait", 3), ("", 9))
    wait_for(lambda: folder.journal.exists() and IterationFinished in map(type, bodies_of(folder)), "the training")
    trainer = read_trainer(folder).pid
    assert signal_trainer(folder, signal.SIGKILL) == trainer
    assert process.wait() != 0
    assert attempts(folder) == 1


def test_a_stop_while_the_next_attempt_is_prepared_is_kept(folder, failing):
    signalled = """
import os, signal, sys
from trainer_proc import restart
newest_checkpoint = restart.newest_checkpoint
def slow(folder):
    os.kill(os.getpid(), signal.SIGTERM)
    return newest_checkpoint(folder)
restart.newest_checkpoint = slow
sys.exit(restart.main())
"""
    assert failing(("no memory", 3), ("", 9), restart=("-c", signalled)).wait() == 1
    assert attempts(folder) == 1


@pytest.mark.parametrize("option", [[], ["--force"]])
def test_stop_ends_the_wait_for_the_next_attempt(folder, failing, option):
    waiting = """
import sys
from trainer_proc import restart
newest_checkpoint = restart.newest_checkpoint
def wait(folder):
    (folder.path / "waits").touch()
    input()
    return newest_checkpoint(folder)
restart.newest_checkpoint = wait
del sys.argv[1]
sys.exit(restart.main())
"""
    process = failing(("no memory", 3), ("", 9), restart=("-c", waiting, "trainer_proc.restart"))
    wait_for((folder.path / "waits").exists, "the end of the first attempt")
    assert "next attempt is cancelled" in program(folder.path, "stop", str(folder.path), *option)
    process.communicate(b"\n")
    assert process.returncode == 1
    assert attempts(folder) == 1


def test_a_launch_that_waits_sees_the_end_of_the_last_attempt(folder, failing, monkeypatch, capsys):
    process = failing(("no memory", 3), ("", 9))
    monkeypatch.setattr("tui.commands.shared.start.start_trainer", lambda spec, log_root: (folder, process))
    start(folder.read_spec(), folder.path.parents[1], wait=True, as_json=False)
    assert capsys.readouterr().out.splitlines()[-1] == f"{folder.name} is finished"


def test_it_continues_up_to_the_same_iteration_with_the_changes_that_its_checkpoint_lacks(make_run):
    change = InterventionApplied(1, "person", 31, 1, (Change("reward/upright/weight", 1.0, 2.0),))
    folder = make_run("2026-03-01_10-00-00", STARTED, CheckpointSaved(30, "model_30.pt"), change)
    spec = replace(folder.read_spec(), set={"reward/upright/weight": 5.0})
    assert continued_in_place(folder, spec) == spec  # no checkpoint: from its beginning
    folder.checkpoint(30).write_bytes(WHOLE_CHECKPOINT)
    folder.checkpoint(40).write_bytes(b"")
    continued = continued_in_place(folder, replace(spec, other_task=True))
    assert not continued.other_task
    assert (continued.checkpoint, continued.iterations) == (str(folder.checkpoint(30)), 69)  # 31 to 99
    assert continued.set == {"reward/upright/weight": 2.0}


def test_a_run_that_began_with_its_best_checkpoint_continues_up_to_its_last_iteration(make_run):
    bodies = (CheckpointLoaded(500, "model_best.pt"), CheckpointSaved(530, "model_530.pt"))
    folder = make_run("2026-03-01_10-00-00", STARTED, *bodies, STARTED, CheckpointLoaded(531, "model_530.pt"))
    folder.checkpoint(530).write_bytes(WHOLE_CHECKPOINT)
    spec = replace(folder.read_spec(), checkpoint="/elsewhere/model_best.pt")
    assert continued_in_place(folder, spec).iterations == 69  # 531 to 599


def test_a_launch_has_the_trainer_watched_if_its_preset_wants_that(tmp_path):
    folder = RunFolder(tmp_path)
    watched = trainer_arguments(folder, 2, restarts=True)
    assert watched[:3] == ["-m", "trainer_proc.restart", str(folder.path)]
    assert watched[3:] == trainer_arguments(folder, 2)
