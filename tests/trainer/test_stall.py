"""A training without progress is reported, with what its process does; its end is known without a journal."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import msgspec
import pytest
import tomli_w
from msgspec.structs import replace

from tests.tui.conftest import STARTED
from tests.waiting import wait_for
from trainer_proc.contract.messages import IterationFinished, PhaseChanged
from trainer_proc.contract.trainer_lock import TrainerLock, read_trainer
from trainer_proc.wire.stall import STALL_SECONDS, StallWatch, doing
from tui.session.runs.run_index import summarize

ITERATION = IterationFinished(0, 0, b"", 96, 1.0)


class Clock:
    """A clock that is set by hand, in seconds."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def watch(clock):
    watch = StallWatch(os.getpid(), clock)
    watch.observe(PhaseChanged("training"))
    return watch


def reports(watch, clock, seconds):
    """Let time pass second by second; return the reports with their times."""
    begin, found = clock.now, []
    while clock.now < begin + seconds:
        clock.now += 1
        if (stalled := watch.check()) is not None:
            found.append((clock.now - begin, stalled.seconds))
    return found


def test_a_silence_after_the_first_iteration_is_reported_once(watch, clock):
    assert reports(watch, clock, 500) == []  # kernels are still captured
    watch.observe(ITERATION)
    assert reports(watch, clock, 500) == [(STALL_SECONDS, STALL_SECONDS)]
    watch.observe(ITERATION)
    watch.observe(PhaseChanged("paused"))
    assert reports(watch, clock, 500) == []


def test_long_iterations_are_no_stall(watch, clock):
    watch.observe(ITERATION)
    clock.now += 40
    watch.observe(ITERATION)
    assert reports(watch, clock, 500) == [(200, 200)]


def test_what_the_process_does_is_seen_from_outside():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert "computes, with 90% of a core" in doing(process.pid, 0.9)
        wait_for(lambda: doing(process.pid, 0.0).startswith("waits and uses no CPU"), "the process")
        process.send_signal(signal.SIGSTOP)
        wait_for(lambda: f"kill -CONT {process.pid}" in doing(process.pid, 0.0), "the stop")
    finally:
        process.kill()
        process.communicate()
    assert doing(process.pid, 0.0) == "has ended"


@pytest.fixture
def unfinished(make_run):
    """A run whose journal ends in the middle of the training."""
    return make_run("2026-03-01_10-00-00", STARTED, PhaseChanged("training"))


def test_the_end_is_known_though_the_journal_lacks_it(unfinished):
    lock = TrainerLock(unfinished)
    assert summarize(unfinished).status == "training"
    lock.note_end("failed", "CUDA out of memory")
    lock.release()
    row = summarize(unfinished)
    assert (row.status, row.reason) == ("failed", "CUDA out of memory")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, "killed"),
        ({"identity": "an-earlier-boot 123"}, "lost"),
        ({"host": "another-machine"}, "lost"),
        ({"ended": "finished"}, "finished"),
        ({"ended": "finished", "detail": "stopped"}, "stopped"),
    ],
)
def test_a_process_that_ended_without_a_word_was_killed_or_lost_with_its_machine(unfinished, change, status):
    lock = TrainerLock(unfinished)
    trainer = read_trainer(unfinished)
    assert trainer.host == socket.gethostname()
    lock.release()
    write_trainer(unfinished, replace(trainer, **change))
    assert summarize(unfinished).status == status


def test_a_process_that_died_before_its_first_frame_does_not_start_for_ever(folder):
    assert summarize(folder).status == "starting"
    lock = TrainerLock(folder)
    assert summarize(folder).status == "starting"
    lock.release()
    assert summarize(folder).status == "killed"


def write_trainer(folder, trainer):
    folder.lock.write_text(tomli_w.dumps(msgspec.to_builtins(trainer)))
