"""Several processes that write one experiment's file, as on hosts that share a log folder."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.program import PROGRAM
from tests.tui.queued import experiment_of
from tests.waiting import wait_for
from tui.session.experiments.experiment import ExperimentFolder, Member
from tui.session.experiments.queue_folder import Queue, QueueFolder

NAMES = ("m01", "m02")


@pytest.fixture
def folder(tmp_path):
    folder = ExperimentFolder(tmp_path / "logs" / "sweep")
    folder.path.mkdir(parents=True)
    folder.write(experiment_of([Member(name, seed) for seed, name in enumerate(NAMES)]))
    return folder


def is_waited_for(path):
    """Return whether a process waits for the lock of this file."""
    waiting = [line.split() for line in Path("/proc/locks").read_text().splitlines() if "->" in line]
    return any(int(words[-3].rpartition(":")[2]) == path.stat().st_ino for words in waiting)


def test_a_change_of_another_host_is_not_lost(folder, tmp_path):
    with folder.editing():
        command = (PROGRAM, "experiment", str(folder.path), "--pause", "--json")
        elsewhere = os.environ | {"XDG_STATE_HOME": str(tmp_path / "elsewhere")}  # the queue of another host
        other = subprocess.Popen(command, env=elsewhere, cwd=tmp_path, stdout=subprocess.DEVNULL)
        wait_for(lambda: is_waited_for(folder.edit_lock), "the other host's command")
        folder.write(replace(folder.read(), cancelled=NAMES[:1]))
    assert other.wait() == 0
    assert (folder.read().paused, folder.read().cancelled) == (True, NAMES[:1])


def test_a_queue_starts_nothing_that_another_host_cancels_meanwhile(folder):
    queue = QueueFolder()
    with folder.editing():
        with queue.editing():
            queue.write(Queue(experiments=(str(folder.path),)))
        queue.start_process()
        wait_for(lambda: is_waited_for(folder.edit_lock), "the queue")
        folder.write(replace(folder.read(), cancelled=NAMES))
    wait_for(lambda: not queue.has_process(), "the end of the queue process")
    assert queue.read().experiments == ()
    assert folder.runs() == []
