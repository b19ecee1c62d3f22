"""The wire process when it can't start, when the trainer dies, and when the disk is full."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import zmq

from tests.program import bodies_of
from tests.standard_error import standard_error
from tests.waiting import PATIENCE_SECONDS, wait_for
from trainer_proc.contract.codec import encode
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import Change, InterventionApplied, KnobsAvailable, PhaseChanged
from trainer_proc.contract.products import WriteDelayed
from trainer_proc.contract.requests import Accepted, Ping, Request, Stop
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.wire.link import TrainerLink, WireError
from tui.session.trainer_request import ask

TRAINING = PhaseChanged("training")


def start_trainer(folder, *lines):
    """Start a process that opens a wire and then runs `lines`."""
    program = (
        "import os",
        "from pathlib import Path",
        "from trainer_proc.wire.link import TrainerLink",
        "from trainer_proc.contract.messages import PhaseChanged",
        "from trainer_proc.contract.run_folder import RunFolder",
        f"folder = RunFolder(Path({str(folder.path)!r}))",
        *lines,
    )
    return subprocess.Popen([sys.executable, "-c", "\n".join(program)], stdin=subprocess.PIPE)


@pytest.fixture
def trainer(folder):
    """A process that has published that it trains, and waits."""
    trainer = start_trainer(
        folder, "link = TrainerLink(folder)", "link.emit(PhaseChanged('training'))", "input()", "link.close()"
    )
    wait_for(lambda: read_connection(folder) and TRAINING in bodies_of(folder), "the trainer")
    yield trainer
    trainer.kill()
    trainer.communicate()


def has_failed(folder):
    """Return whether the journal ends with the trainer's death in one line, and the sockets are closed."""
    last = (bodies_of(folder) or [None])[-1]
    if not isinstance(last, PhaseChanged) or last.phase != "failed" or folder.connection.exists():
        return False
    assert "died" in last.detail
    assert len(last.detail.splitlines()) == 1
    return True


def sockets_folder(folder):
    connection = read_connection(folder)
    assert connection is not None
    return Path(connection.control.removeprefix("ipc://")).parent


def test_a_trainer_that_is_killed_has_failed_and_leaves_no_sockets(folder, trainer):
    sockets = sockets_folder(folder)
    trainer.kill()
    wait_for(lambda: has_failed(folder), "the end of the journal")
    assert bodies_of(folder)[0] == TRAINING
    assert len(bodies_of(folder)) == 2
    wait_for(lambda: not sockets.exists(), "the end of the sockets")


def test_a_trainer_that_exits_without_closing_has_failed(folder):
    start_trainer(folder, "link = TrainerLink(folder)", "os._exit(3)").wait()
    wait_for(lambda: has_failed(folder), "the end of the journal")


def test_a_trainer_that_dies_before_its_wire_has_started_has_failed_too(folder):
    start_trainer(folder, "TrainerLink._await_ready = lambda self: os._exit(3)", "TrainerLink(folder)").wait()
    wait_for(lambda: has_failed(folder), "the end of the journal")


def test_a_death_is_noticed_however_often_someone_pings(folder, trainer):
    connection = read_connection(folder)
    with zmq.Context.instance().socket(zmq.DEALER) as client:
        client.linger = 0
        client.connect(connection.control)
        trainer.kill()

        def ends_while_asked():
            client.send(encode(Request(1, Ping())), zmq.NOBLOCK)
            return has_failed(folder)

        wait_for(ends_while_asked, "the end of the journal")


def test_a_stop_that_comes_too_late_does_not_hide_the_death(folder, trainer):
    connection = read_connection(folder)
    with zmq.Context.instance().socket(zmq.DEALER) as client:
        client.connect(connection.control)
        client.send(encode(Request(1, Ping())))
        assert client.poll(1000 * PATIENCE_SECONDS)
        os.kill(connection.pid, signal.SIGSTOP)
        trainer.kill()
        trainer.wait()
        client.send(encode(Request(2, Stop())))
        os.kill(connection.pid, signal.SIGCONT)
        wait_for(lambda: has_failed(folder), "the end of the journal")
        client.close(linger=0)


def test_a_stop_that_ends_a_trainer_which_knows_nothing_of_it_is_a_stop(folder, trainer):
    assert isinstance(ask(folder, Stop()), Accepted)
    assert trainer.wait() == -signal.SIGTERM
    wait_for(lambda: not folder.connection.exists(), "the end of the wire process")
    assert bodies_of(folder)[-1] == PhaseChanged("finished", "stopped before the first iteration")


def test_the_trainer_s_last_frames_are_kept_when_it_dies(folder):
    said = "for n in range(2000): link.emit(PhaseChanged('compiling', 'module', n))"
    all_sent = "while link._unsent: link.receive(0.01)"  # nothing is sent before the wire process has connected
    flushed = "link.robot.close(); link._orders.close(); link._frames.close(linger=-1); link._context.term()"
    start_trainer(folder, "link = TrainerLink(folder)", said, all_sent, flushed).wait()
    wait_for(lambda: has_failed(folder), "the end of the journal")
    assert [body.kernel_modules for body in bodies_of(folder)[:-1]] == list(range(2000))


def test_a_full_disk_loses_no_frame_and_disturbs_nobody(folder):
    with standard_error("/dev/full"):  # console.log is on the same disk
        link = TrainerLink(folder)
    wire = read_connection(folder).pid
    unlimited = resource.prlimit(wire, resource.RLIMIT_FSIZE)
    frames = [PhaseChanged("compiling", "x" * 50, count) for count in range(30)]
    for body in frames[:10]:
        link.emit(body)
    wait_for(lambda: len(bodies_of(folder)) == 10, "ten frames")
    full = folder.journal.stat().st_size * 23 // 20  # room for one and a half frames
    resource.prlimit(wire, resource.RLIMIT_FSIZE, (full, unlimited[1]))
    for body in frames[10:20]:
        link.emit(body)
    wait_for(lambda: len(bodies_of(folder)) == 11, "the one frame that still fits")
    link.emit(TRAINING)
    ask(folder, Ping())  # requests are served in order: the wire process is alive and has tried
    assert bodies_of(folder) == frames[:11]
    resource.prlimit(wire, resource.RLIMIT_FSIZE, unlimited)
    for body in frames[20:]:
        link.emit(body)
    link.close()
    reports = [body.reason for body in bodies_of(folder) if isinstance(body, WriteDelayed)]
    assert (len(reports), reports[-1]) == (2, "")
    assert [body for body in bodies_of(folder) if not isinstance(body, WriteDelayed)] == [
        *frames[:20],
        TRAINING,
        *frames[20:],
    ]
    assert [frame.number for frame in JournalReader(folder.journal).read_new()] == list(range(33))


def make_unusable(folder, what):
    match what:
        case "a folder in the journal's place":
            folder.journal.mkdir()
        case "a folder in the connection file's place":
            folder.connection.mkdir()
        case "no folder":
            folder.spec_file.unlink()
            folder.path.rmdir()


@pytest.mark.parametrize(
    "what",
    ["a folder in the journal's place", "a folder in the connection file's place", "no folder"],
)
def test_a_wire_that_can_not_start_gives_the_reason_in_one_line(folder, what, capfd):
    make_unusable(folder, what)
    with pytest.raises(WireError) as error:
        TrainerLink(folder)
    assert len(str(error.value).splitlines()) == 1
    said = capfd.readouterr().err
    assert len(said.splitlines()) == (0 if what == "no folder" else 1)
    assert str(folder.path) in said + str(error.value)


def test_a_trainer_started_again_continues_with_the_numbers(folder):
    for phase in ("building", "training"):
        link = TrainerLink(RunFolder(folder.path))
        link.emit(PhaseChanged(phase))
        link.close()
    assert [(frame.number, frame.body.phase) for frame in JournalReader(folder.journal).read_new()] == [
        (0, "building"),
        (1, "training"),
    ]


def test_a_trainer_started_again_gives_no_intervention_the_number_of_an_earlier_one(folder):
    knobs = KnobsAvailable(0, (Knob("reward/upright/weight", "reward", 1.0, 1.0, "next iteration"),))
    numbers = []
    for _ in range(2):
        link = TrainerLink(RunFolder(folder.path))
        link.emit(knobs)
        link.emit(InterventionApplied(0, "launch", 0, 1, (Change("reward/upright/weight", 1.0, 2.0),)))
        link.close()
        numbers = [body.number for body in bodies_of(folder) if isinstance(body, InterventionApplied)]
    assert numbers == [1, 2]


def test_what_is_emitted_after_the_end_is_dropped(folder):
    link = TrainerLink(folder)
    link.emit(TRAINING)
    link.close()
    link.emit(PhaseChanged("finished"))
    assert link.receive(0.1) == []
    link.close()
    assert bodies_of(folder) == [TRAINING]
