"""A wire process that dies is replaced, without a gap in the record; a run never has two training processes."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.program import bodies_of
from tests.waiting import wait_for
from trainer_proc.contract.child_process import start_python
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import Change, InterventionApplied, InterventionQueued, KnobsAvailable, PhaseChanged
from trainer_proc.contract.monitoring import WireRestarted
from trainer_proc.contract.requests import Accepted, Stop, Tune
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.trainer_lock import TrainerLock, is_training, read_trainer
from trainer_proc.wire.link import TrainerLink, WireError
from tui.session.follow import Follower
from tui.session.trainer_request import ask

WEIGHT = "reward/upright/weight"
KNOBS = KnobsAvailable(0, (Knob(WEIGHT, "reward", 1.0, 1.0, "next iteration"),))


@pytest.fixture
def link(folder):
    """The test's own process plays the trainer."""
    link = TrainerLink(folder)
    yield link
    link.close()


def kill_wire(folder):
    """Kill the wire process; return its connection."""
    connection = wait_for(lambda: read_connection(folder), "a wire process")
    os.kill(connection.pid, signal.SIGKILL)
    return connection


def is_replaced(link, folder, connection):
    """Do what a training does at a boundary; return whether another wire process listens."""
    link.receive(0.01)
    return (now := read_connection(folder)) is not None and now.pid != connection.pid


def test_every_frame_is_recorded_once_and_in_order_however_often_the_wire_is_killed(folder, link):
    count = 0
    for _ in range(3):
        connection = None
        for _ in range(200):
            link.emit(PhaseChanged("compiling", "module", count))
            count += 1
            if count % 200 == 100:
                connection = kill_wire(folder)
        wait_for(lambda killed=connection: is_replaced(link, folder, killed), "another wire process")
    with Follower(folder) as follower:
        assert follower.is_live
    kill_wire(folder)  # also at the very end
    link.close()
    frames = JournalReader(folder.journal).read_new()
    assert [frame.number for frame in frames] == list(range(len(frames)))
    bodies = [frame.body for frame in frames]
    assert [body.kernel_modules for body in bodies if isinstance(body, PhaseChanged)] == list(range(count))
    assert [body.times for body in bodies if isinstance(body, WireRestarted)] == [1, 2, 3, 4]
    assert read_connection(folder) is None


def test_a_change_that_was_accepted_is_carried_out_once_and_the_next_one_has_the_next_number(folder, link):
    link.emit(KNOBS)
    wait_for(lambda: bodies_of(folder), "the knobs")
    assert isinstance(ask(folder, Tune({WEIGHT: 2.0})), Accepted)
    killed = kill_wire(folder)
    orders = []

    def arrived():
        orders.extend(link.receive(0.01))
        return orders and is_listening(folder, killed)

    def is_applied():
        orders.extend(link.receive(0.01))  # which sends, once the other wire process has said that it is ready
        return InterventionApplied in map(type, bodies_of(folder))

    wait_for(arrived, "the order from another wire process")
    (queued,) = orders
    link.emit(InterventionApplied(queued.number, "person", 1, queued.revision, (Change(WEIGHT, 1.0, 2.0),)))
    wait_for(is_applied, "the change")
    assert orders == [queued]
    reply = ask(folder, Tune({WEIGHT: 3.0}, revision=queued.revision))
    assert (reply.intervention, queued.number) == (2, 1)
    later = wait_for(lambda: link.receive(0.1), "the next order")
    assert later == [body for body in bodies_of(folder) if isinstance(body, InterventionQueued)][1:]


def is_listening(folder, killed):
    return (now := read_connection(folder)) is not None and now.pid != killed.pid


def test_a_machine_without_room_for_a_process_for_a_moment_ends_nothing(folder, link, monkeypatch):
    failures = [OSError("no process"), OSError("no process")]

    def start(*arguments, **options):
        if failures:
            raise failures.pop()
        return start_python(*arguments, **options)

    monkeypatch.setattr("trainer_proc.wire.link.start_python", start)
    killed = kill_wire(folder)
    wait_for(lambda: is_replaced(link, folder, killed), "another wire process")
    link.emit(KNOBS)
    link.close()
    assert bodies_of(folder)[-1] == KNOBS


def test_a_training_whose_sockets_were_removed_is_stopped(folder, link):
    killed = kill_wire(folder)
    shutil.rmtree(Path(killed.control.removeprefix("ipc://")).parent)
    wait_for(lambda: Stop() in link.receive(0.01), "a stop")
    link.emit(KNOBS)
    link.close()
    assert not is_training(folder)


def test_a_training_whose_wire_can_not_be_replaced_is_stopped(folder, link, capfd):
    kill_wire(folder)
    folder.connection.unlink()
    folder.connection.mkdir()
    wait_for(lambda: Stop() in link.receive(0.01), "a stop")
    link.emit(KNOBS)
    link.close()
    assert "can't be restarted" in capfd.readouterr().err.splitlines()[-1]
    assert not is_training(folder)


def test_a_second_training_of_a_run_is_refused_while_the_first_one_lives(folder, link, monkeypatch):
    monkeypatch.setattr("trainer_proc.contract.trainer_lock._OWN_SECONDS", 0.0)
    assert is_training(folder)
    assert read_trainer(folder).pid == os.getpid()
    with pytest.raises(WireError, match=f"process {os.getpid()} "):
        TrainerLink(RunFolder(folder.path))
    assert read_connection(folder) is not None  # nothing of the first one was touched
    link.close()
    assert not is_training(folder)


def test_the_lock_ends_with_the_process_that_holds_it_and_is_not_inherited(folder):
    program = (
        "import subprocess, sys\n"
        "from pathlib import Path\n"
        "from trainer_proc.contract.run_folder import RunFolder\n"
        "from trainer_proc.contract.trainer_lock import TrainerLock\n"
        f"lock = TrainerLock(RunFolder(Path({str(folder.path)!r})))\n"
        "child = subprocess.Popen(['sleep', '600'], stdout=subprocess.DEVNULL)\n"
        "print(child.pid, flush=True)\n"
        "input()\n"
    )
    trainer = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child = int(trainer.stdout.readline())
    assert is_training(folder)
    trainer.kill()
    trainer.communicate()
    assert not is_training(folder)
    os.kill(child, signal.SIGKILL)


def test_a_list_that_looks_at_the_lock_keeps_no_training_from_starting(folder):
    TrainerLock(folder).release()
    with folder.lock.open("rb") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        start = threading.Thread(target=lambda: locks.append(TrainerLock(folder)))
        locks = []
        start.start()
        fcntl.flock(looking, fcntl.LOCK_UN)
    start.join()
    assert is_training(folder)
    locks[0].release()
