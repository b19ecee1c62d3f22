"""The viewer's end of the live stream: trainers that come, go, are older or newer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Thread

import msgspec
import pytest
import zmq

from tests.sockets import private_address
from tests.tui.conftest import STARTED
from tests.waiting import PATIENCE_SECONDS, wait_for
from trainer_proc.contract.codec import encode, pack_values
from trainer_proc.contract.connection import write_connection
from trainer_proc.contract.journal import JournalWriter
from trainer_proc.contract.messages import Frame, IterationFinished, MetricSet, PhaseChanged
from trainer_proc.contract.robot import RobotNotice, RobotState, Scene, Selection, encode_robot, selection_of
from trainer_proc.contract.trainer_lock import TrainerLock
from tui.session.robot.live import NOT_LIVE, TOO_NEW, TOO_OLD, LiveRobot
from tui.session.starting import StartingRun

SCENE = Scene("task", ("cart",), (-1,), (), 0.02, 4)
STATE = RobotState(1, 2, 3, 0.06, b"\0" * 28)
ENV = Selection("env", "1")
ITERATION = (MetricSet(0, ("Train/mean_reward",)), IterationFinished(0, 0, pack_values([1.0]), 96, 9.0))


class Trainer:
    """The socket of a trainer, whose connection file says that it is this process."""

    def __init__(self, folder):
        self.socket = zmq.Context.instance().socket(zmq.XPUB)
        address = private_address()
        self.socket.bind(address)
        write_connection(folder, address, address, robot=address)

    def subscription(self):
        """Wait for the next subscription, or its end."""
        assert self.socket.poll(1000 * PATIENCE_SECONDS)
        data = self.socket.recv()
        return data[0], selection_of(data[1:])

    def send(self, *messages, selection=ENV):
        for message in messages:
            data = message if isinstance(message, bytes) else encode_robot(message)
            self.socket.send_multipart([selection.topic(), data])


@contextmanager
def trainer_of(folder):
    trainer = Trainer(folder)
    yield trainer
    trainer.socket.close(linger=0)


@pytest.fixture
def clock():
    """Seconds that a test lets pass."""
    return [0.0]


@pytest.fixture
def viewer(folder, clock):
    viewers = []

    def view():
        viewers.append(LiveRobot(folder, ENV, lambda: clock[0]))
        return viewers[-1]

    yield view
    for one in viewers:
        one.close()


def taken(viewer):
    return wait_for(viewer.take, "a state")


def test_a_trainer_that_starts_later_is_found_and_its_successor_too(folder, viewer, clock):
    robot = viewer()
    assert (robot.take(), robot.problem, robot.scene) == ([], NOT_LIVE, None)
    for environment in (1, 2):
        with trainer_of(folder) as trainer:
            clock[0] += 1.0
            assert robot.take() == []
            assert trainer.subscription() == (1, ENV)
            state = msgspec.structs.replace(STATE, environment=environment)
            trainer.send(SCENE, state)
            assert taken(robot) == [state]
            assert (robot.scene, robot.problem) == (SCENE, "")
    folder.connection.unlink()
    clock[0] += 1.0
    assert (robot.take(), robot.problem, robot.scene) == ([], NOT_LIVE, SCENE)


def test_after_another_selection_nothing_of_the_first_comes(folder, viewer):
    with trainer_of(folder) as trainer:
        robot, best = viewer(), Selection("best")
        trainer.subscription()
        trainer.send(SCENE, STATE)
        robot.select(best)
        assert {trainer.subscription(), trainer.subscription()} == {(1, best), (0, ENV)}
        trainer.send(SCENE, msgspec.structs.replace(STATE, step=9), selection=best)
        assert [state.step for state in taken(robot)] == [9]
        robot.close()
        assert trainer.subscription() == (0, best)
        assert robot.take() == []


def test_a_notice_is_the_problem_until_a_state_comes(folder, viewer):
    with trainer_of(folder) as trainer:
        robot = viewer()
        trainer.subscription()
        trainer.send(SCENE, RobotNotice("no environment 9: the closest is 3"))
        wait_for(lambda: robot.take() or robot.problem, "the notice")
        assert robot.problem == robot.notice == "no environment 9: the closest is 3"
        trainer.send(STATE)
        taken(robot)
        assert (robot.problem, robot.notice) == ("", "no environment 9: the closest is 3")


@pytest.mark.parametrize("message", [msgspec.structs.replace(SCENE, protocol=2), b"\xc1", b"\x81\xa4type\xa5Model"])
def test_messages_of_a_newer_version_are_refused_in_one_line(folder, viewer, message):
    with trainer_of(folder) as trainer:
        robot = viewer()
        trainer.subscription()
        trainer.send(message)
        wait_for(lambda: robot.take() or robot.problem, "the problem")
        assert (robot.problem, robot.scene) == (TOO_NEW.format(1), None)


def test_a_trainer_of_an_older_version_sends_no_robot(folder, viewer):
    write_connection(folder, private_address(), private_address())
    text = folder.connection.read_text()
    folder.connection.write_text("\n".join(line for line in text.splitlines() if not line.startswith("robot")))
    assert viewer().problem == TOO_OLD


# --- the command ---


@contextmanager
def answering(folder, selection, *messages):
    """Send messages to the first viewer of a selection."""
    with trainer_of(folder) as trainer:

        def answer():
            if trainer.subscription() == (1, selection):
                trainer.send(*messages, selection=selection)

        thread = Thread(target=answer)
        thread.start()
        yield
        thread.join()


def test_the_command_shows_a_state_with_names_and_numbers(folder, prints):
    run = str(folder.path)
    with answering(folder, Selection("env", "1"), SCENE, STATE):
        assert prints("robot", run, "--env", "1") == "env 1 of 4    0.06 s  iteration 2\n"
    with answering(folder, Selection("type", "stairs"), SCENE, STATE):
        frame = prints("robot", run, "--env", "stairs", "--json")
    assert (frame["environment"], frame["step"], frame["poses"]) == (1, 3, {"cart": [0.0] * 7})


def test_the_command_reports_in_one_line_why_there_is_no_state(make_run, fails):
    folder = make_run("2026-03-01_10-00-00", STARTED, PhaseChanged("paused"))
    run = str(folder.path)
    assert NOT_LIVE in fails(1, "robot", run)
    with answering(folder, Selection("best"), RobotNotice("no best one yet")):
        assert "no best one yet" in fails(1, "robot", run, "--env", "best")
    with trainer_of(folder):
        assert "no step of the environments in 0 s" in fails(1, "robot", run, "--patience", "0")


@pytest.mark.parametrize(
    ("bodies", "doing"),
    [
        ([], "… starting"),
        ([STARTED, PhaseChanged("building", "loading mjlab")], "… building  loading mjlab"),
        ([STARTED, PhaseChanged("compiling", "ccd", 12)], "… compiling  ccd  12 kernel modules"),
        ([STARTED, PhaseChanged("training")], "▶ training"),
        ([STARTED, PhaseChanged("training"), *ITERATION], ""),
        ([STARTED, PhaseChanged("training"), *ITERATION, STARTED, PhaseChanged("building")], "… building"),
        ([STARTED, PhaseChanged("paused")], ""),
        ([STARTED, PhaseChanged("running")], ""),
    ],
)
def test_a_run_is_starting_until_its_first_iteration_has_finished(make_run, bodies, doing):
    folder = make_run("2026-03-01_10-00-00", *bodies)
    with StartingRun(folder) as start:
        assert start.doing() == ""  # nobody trains it
        with trainer_of(folder):
            assert start.doing().startswith(doing)
            assert bool(start.doing()) == bool(doing)


def test_the_command_waits_however_long_a_run_starts(make_run, prints):
    folder = make_run("2026-03-01_10-00-00", STARTED, PhaseChanged("compiling", "ccd", 12))
    with trainer_of(folder) as trainer, ThreadPoolExecutor() as pool:

        def compile_and_step():
            trainer.subscription()
            assert trainer.socket.poll(1000 * PATIENCE_SECONDS)
            assert trainer.socket.recv() == b"\x01"  # the journal is followed
            trainer.send(SCENE, STATE)

        stepped = pool.submit(compile_and_step)
        shown = prints("robot", str(folder.path), "--env", "1", "--patience", "0")
        stepped.result()
    assert shown == "env 1 of 4    0.06 s  iteration 2\n"


def test_the_command_reports_how_a_starting_run_has_failed(make_run, fails):
    folder = make_run("2026-03-01_10-00-00", STARTED)
    lock, journal = TrainerLock(folder), JournalWriter(folder.journal)

    def fail():
        journal.append(encode(Frame(1, 1.0, PhaseChanged("failed", "out of memory"))))
        journal.close()
        lock.release()

    with ThreadPoolExecutor() as pool:
        pool.submit(fail)
        line = fails(1, "robot", str(folder.path))
    assert line == f"{folder.name}: failed: out of memory"


def test_the_command_refuses_another_environment_than_the_one_it_names(folder, monkeypatch, fails):
    monkeypatch.setattr("tui.commands.robot.find_run", lambda run, log_root: folder)
    selection = Selection("env", "9")
    with trainer_of(folder) as trainer, ThreadPoolExecutor() as pool:

        def answer():
            trainer.subscription()
            trainer.send(SCENE, RobotNotice("no environment 9: the closest is 3"), STATE, selection=selection)

        pool.submit(answer)
        line = fails(1, "robot", folder.name, "--env", "9", "--json")
    assert line == f"{folder.name}: no environment 9: the closest is 3"
