"""Following a run on a real wire: every frame exactly once, whenever one joins and whatever others do."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys

import msgspec
import psutil
import pytest
import tomli_w

from tests.waiting import PATIENCE_SECONDS, wait_for
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import IterationFinished, PhaseChanged, RunStarted
from trainer_proc.wire.link import TrainerLink
from tui.session.follow import Follower

STARTED = RunStarted(
    run="run", preset="cartpole", backend="mjlab", task="task", device="cpu", num_envs=4, iterations=100, seed=42, pid=1
)
MORE_THAN_ANY_QUEUE = 30_000

FOLLOWER_PROCESS = """
import sys
from pathlib import Path
from trainer_proc.contract.messages import PhaseChanged
from trainer_proc.contract.run_folder import RunFolder
from tui.session.follow import Follower

frames = []
with Follower(RunFolder(Path(sys.argv[1]))) as follower:
    while not frames or frames[-1].body != PhaseChanged("finished"):
        frames += follower.poll(1.0)
        if frames and len(sys.argv) > 2:
            print("following", flush=True)
            del sys.argv[2]
print([frame.number for frame in frames] == list(range(len(frames))), len(frames))
"""


def iteration(number):
    return IterationFinished(number, 0, b"", 96 * number, 1.0)


def follow_until(follower, count):
    """All frames that come until there are `count` of them; fails if one is missing, twice or out of order."""
    frames = next_frames(follower, count)
    assert numbers(frames) == list(range(count))
    return frames


def next_frames(follower, count):
    frames = []
    wait_for(lambda: frames.extend(follower.poll(0.05)) or len(frames) >= count, f"{count} frames")
    return frames


def numbers(frames):
    return [frame.number for frame in frames]


@pytest.fixture
def followers(folder):
    """Opens followers of the run and closes them in the end."""
    opened = []

    def follow():
        opened.append(Follower(folder))
        return opened[-1]

    yield follow
    for follower in opened:
        follower.close()


def test_early_late_and_further_followers_see_every_frame_exactly_once(folder, followers):
    early = followers()
    assert early.poll(0.0) == []
    assert not early.is_live
    link = TrainerLink(folder)
    seen = []
    wait_for(lambda: seen.extend(early.poll(0.05)) or early.is_live, "the wire")
    second = followers()
    for number in range(500):
        link.emit(iteration(number))
        if number % 50 == 0:
            seen += early.poll(0.0)
    late = followers()
    assert numbers(follow_until(late, 500)) == numbers(follow_until(second, 500))
    for number in range(500, 600):
        link.emit(iteration(number))
    link.close()
    wait_for(lambda: seen.extend(early.poll(0.05)) or len(seen) >= 600, "600 frames")
    assert [frame.body.iteration for frame in seen] == list(range(600))
    rest = []
    wait_for(lambda: rest.extend(late.poll(0.05)) or not late.is_live, "the end")
    assert numbers(rest) == list(range(500, 600))
    assert late.poll(0.0) == []


def test_a_follower_that_joins_while_the_disk_is_full_sees_what_waits(folder, link, followers):
    link.emit(STARTED)
    wait_for(lambda: JournalReader(folder.journal).read_new(), "the first frame")
    wire = read_connection(folder).pid
    soft, hard = resource.prlimit(wire, resource.RLIMIT_FSIZE)
    resource.prlimit(wire, resource.RLIMIT_FSIZE, (folder.journal.stat().st_size, hard))
    for number in range(3):
        link.emit(iteration(number))
    late = [followers(), followers()]
    for follower in late:
        follow_until(follower, 5)  # with the report that the journal can't be written
    resource.prlimit(wire, resource.RLIMIT_FSIZE, (soft, hard))
    link.emit(iteration(3))
    for follower in late:
        assert numbers(next_frames(follower, 2)) == [5, 6]


def test_a_run_that_has_ended_is_read_from_its_journal(make_run):
    folder = make_run("run", STARTED, PhaseChanged("training"), iteration(0), PhaseChanged("finished"))
    with Follower(folder) as follower:
        assert [frame.body for frame in follower.poll(0.0)][1:] == [
            PhaseChanged("training"),
            iteration(0),
            PhaseChanged("finished"),
        ]
        assert not follower.is_live
        assert follower.poll(0.0) == []


def test_a_trainer_that_takes_the_place_of_another_is_followed(folder, followers):
    follower = followers()
    first = TrainerLink(folder)
    first.emit(STARTED)
    follow_until(follower, 1)
    first.close()
    second = TrainerLink(folder)  # before the follower has noticed
    frames = []
    second.emit(iteration(0))
    wait_for(lambda: frames.extend(follower.poll(0.05)) or len(frames) >= 1, "the second trainer's first frame")
    second.emit(iteration(1))
    wait_for(lambda: frames.extend(follower.poll(0.05)) or len(frames) >= 2, "the second trainer's second frame")
    second.close()
    assert numbers(frames) == [1, 2]


def start_following(folder):
    """Start a process that follows the run to its end, and return once it has seen something."""
    process = subprocess.Popen(
        [sys.executable, "-c", FOLLOWER_PROCESS, str(folder.path), "tell"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "following\n"
    return process


def test_a_dashboard_that_stands_still_or_dies_holds_nobody_up(folder, link):
    link.emit(STARTED)
    stopped, killed, lively = (start_following(folder) for _ in range(3))
    try:
        os.kill(stopped.pid, signal.SIGSTOP)
        wait_for(lambda: psutil.Process(stopped.pid).status() == psutil.STATUS_STOPPED, "the stop")
        for number in range(MORE_THAN_ANY_QUEUE):
            link.emit(iteration(number))
            if number == 100:
                killed.kill()
        link.emit(PhaseChanged("finished"))
        everything = f"True {MORE_THAN_ANY_QUEUE + 2}"
        assert lively.communicate(timeout=PATIENCE_SECONDS)[0].strip() == everything
        assert len(JournalReader(folder.journal).read_new()) == MORE_THAN_ANY_QUEUE + 2
        assert psutil.Process(stopped.pid).status() == psutil.STATUS_STOPPED
        os.kill(stopped.pid, signal.SIGCONT)
        caught_up = stopped.communicate(timeout=PATIENCE_SECONDS)[0]
        assert caught_up.strip() == everything  # what was dropped came from the journal
    finally:
        for process in (stopped, killed, lively):
            process.kill()
            process.communicate()


@pytest.mark.parametrize("content", [b"", b"pid = 5", b"host = 1", b"\x00", b"\xff"])
def test_a_connection_file_that_can_not_be_read_means_no_trainer(folder, content):
    folder.connection.write_bytes(content)
    assert read_connection(folder) is None


@pytest.mark.parametrize("change", [{"host": "another"}, {"pid": os.getpid()}, {"pid": -5}, {"pid": 2**40}])
def test_a_connection_file_of_another_process_means_no_trainer(folder, link, change):
    living = read_connection(folder)
    assert living is not None
    folder.connection.write_text(tomli_w.dumps(msgspec.to_builtins(living) | change))
    assert read_connection(folder) is None


def test_a_long_journal_of_an_ended_run_comes_in_parts(make_run, monkeypatch):
    monkeypatch.setattr("trainer_proc.contract.journal._PIECE", 1000)
    monkeypatch.setattr("tui.session.follow._FRAMES_AT_ONCE", 20)
    count = 400
    folder = make_run("2026-01-01_00-00-00", STARTED, *map(iteration, range(count - 2)), PhaseChanged("finished"))
    frames, parts = [], 0
    with Follower(folder) as follower:
        frames += follower.poll(0.0)
        while follower.has_more:
            parts += 1
            frames += follower.poll(PATIENCE_SECONDS)  # returns at once, at the end too
    assert numbers(frames) == list(range(count))
    assert parts > 10
