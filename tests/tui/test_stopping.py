"""A stop goes in steps: request, SIGTERM, SIGKILL; only the training process gets a signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import tomli_w

from tests.waiting import wait_for
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.process_identity import process_identity
from trainer_proc.contract.trainer_lock import is_training, read_trainer
from tui.session.settings.config import config_file
from tui.session.stopping import NotStopped, Patience, signal_trainer, stop_in_steps
from tui.session.trainer_request import TrainerUnreachable

AT_ONCE = Patience(0.0, 0.0, 60.0)
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
OBEDIENT = "while not any(isinstance(order, Stop) for order in link.receive(1.0)): pass\nlink.close(); sys.exit()"


@pytest.fixture
def start(folder):
    """Start a training process that has iterated, and then runs a line."""
    processes = []

    def started(*lines):
        program = (
            "import signal, sys",
            "from pathlib import Path",
            "from trainer_proc.contract.messages import IterationFinished, MetricSet",
            "from trainer_proc.contract.requests import Stop",
            "from trainer_proc.contract.run_folder import RunFolder",
            "from trainer_proc.wire.link import TrainerLink",
            f"link = TrainerLink(RunFolder(Path({str(folder.path)!r})))",
            "link.emit(MetricSet(0, ()))",
            "link.emit(IterationFinished(0, 0, b'', 1, 1.0))",
            *lines,
            "input()",
        )
        process = subprocess.Popen([sys.executable, "-c", "\n".join(program)], stdin=subprocess.PIPE)
        processes.append(process)
        wait_for(lambda: read_connection(folder) and folder.journal.stat().st_size > 80, "the training")
        return process

    yield started
    for process in processes:
        process.kill()
        process.communicate()


def test_a_training_that_hears_the_request_gets_no_signal(folder, start):
    process = start(OBEDIENT)
    steps = []
    stop_in_steps(folder, Patience(120.0, 30.0), steps.append)
    assert process.wait() == 0
    assert len(steps) == 1


def test_a_training_that_hears_nothing_gets_sigterm_then_sigkill(folder, start):
    process = start(DEAF)
    steps = []
    stop_in_steps(folder, AT_ONCE, steps.append)
    assert process.wait() == -signal.SIGKILL
    assert [step.split(":")[0] for step in steps] == [
        "stop requested",
        f"SIGTERM sent to process {process.pid}",
        f"SIGKILL sent to process {process.pid}",
    ]


def test_a_training_that_was_stopped_by_a_signal_wakes_to_end(folder, start):
    process = start()
    process.send_signal(signal.SIGSTOP)
    stop_in_steps(folder, Patience(0.0, 120.0), lambda step: None)
    assert process.wait() == -signal.SIGTERM


def test_a_training_that_closes_a_file_meanwhile_is_found(folder, start, monkeypatch):
    process = start()
    samefile, closed = Path.samefile, []

    def looks_at(path, other):
        if not closed:
            closed.append(path)
            raise FileNotFoundError
        return samefile(path, other)

    monkeypatch.setattr(Path, "samefile", looks_at)
    assert signal_trainer(folder, signal.SIGTERM) == process.pid
    assert process.wait() == -signal.SIGTERM


def test_a_file_that_names_another_process_harms_nobody(folder, start):
    start(DEAF)
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        own = read_trainer(folder)
        named = msgspec.structs.replace(own, pid=os.getpid())
        folder.lock.write_text(tomli_w.dumps(msgspec.to_builtins(named)))
        assert signal_trainer(folder, signal.SIGTERM) is None  # not that process's identity
        named = msgspec.structs.replace(own, pid=other.pid, identity=process_identity(other.pid))
        folder.lock.write_text(tomli_w.dumps(msgspec.to_builtins(named)))
        assert signal_trainer(folder, signal.SIGTERM) is None  # it does not have the lock's file open
        with pytest.raises(NotStopped):
            stop_in_steps(folder, Patience(0.0, 0.0, 0.0), lambda step: None)
        assert is_training(folder)
    finally:
        other.kill()
        other.communicate()


def test_a_training_that_has_ended_is_not_stopped(folder):
    with pytest.raises(TrainerUnreachable):
        stop_in_steps(folder, AT_ONCE, lambda step: None)


def test_times_without_force_are_refused(fails):
    assert fails(2, "stop", "latest", "--request-seconds", "5").endswith("--terminate-seconds need --force")


def test_the_settings_say_how_long_stop_waits(folder, start, prints):
    process = start(DEAF)
    config_file().parent.mkdir(parents=True)
    config_file().write_text("[stop]\nrequest_seconds = 0.0\nterminate_seconds = 0.0\n")
    steps = prints("stop", str(folder.path), "--force", "--json")["steps"]
    assert process.wait() == -signal.SIGKILL
    assert [step.split()[0] for step in steps] == ["stop", "SIGTERM", "SIGKILL"]
