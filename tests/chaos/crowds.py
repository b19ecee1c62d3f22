"""Many dashboards, many runs, and a long time. Each function returns the problems that it found, one line each."""

from __future__ import annotations

import contextlib
import os
import pty
import shutil
import signal
import sys
import time
from pathlib import Path
from random import Random

import psutil

from tests.chaos.journals import RECORDINGS
from tests.chaos.playing import METRICS, Playing, make_folder
from tests.waiting import wait_for
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.requests import Accepted, Ping
from trainer_proc.contract.run_folder import RunFolder
from tui.session.follow import Follower
from tui.session.runs.run_list import RunList
from tui.session.trainer_request import ask

_MIB = 2**20
_PROGRAM = str(Path(sys.executable).with_name("humanoid-tui"))
_MOST_GROWN = 20 * _MIB
_BYTES_OF_POINT = 12
"""Of a kept point: 4 for its value, 4 smoothed, and room that arrays have ahead."""
_LEAST_RATE = 900
"""Iterations per second of a soak."""


class _Dashboard:
    """The program in a terminal, attached to a run."""

    def __init__(self, folder: RunFolder, scratch: Path) -> None:
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.environ |= {"TERM": "xterm-256color", "XDG_STATE_HOME": str(scratch / "state")}
            os.execv(_PROGRAM, [_PROGRAM, "attach", str(folder.path)])
        os.set_blocking(self._terminal, False)

    def read(self) -> None:
        """Take what it has drawn, as a terminal does."""
        with contextlib.suppress(BlockingIOError, OSError):
            while os.read(self._terminal, 65536):
                pass

    @property
    def memory(self) -> int:
        """Resident bytes. Raises `AssertionError` if it has ended."""
        assert psutil.Process(self._pid).status() != psutil.STATUS_ZOMBIE, "the dashboard has ended"
        return int(psutil.Process(self._pid).memory_info().rss)

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._terminal)


def dashboards_killed(scratch: Path, times: int, random: Random) -> list[str]:
    """Kill dashboards at random moments after their start; the training goes on and answers."""
    folder = make_folder(scratch / "experiment" / "run")
    playing = Playing(folder, 0.01)
    wire = psutil.Process(wait_for(lambda: read_connection(folder), "a connection").pid)
    grown = -wire.memory_info().rss
    for _ in range(times):
        dashboard = _Dashboard(folder, scratch)
        end = time.monotonic() + random.uniform(0.1, 3.0)
        while time.monotonic() < end:
            dashboard.read()
            time.sleep(0.01)
        dashboard.kill()
    grown += wire.memory_info().rss
    reached = playing.iterations
    wait_for(lambda: playing.iterations > reached, "iterations after the dashboards")
    problems = [] if isinstance(ask(folder, Ping(), 60.0), Accepted) else ["a ping was refused"]
    playing.close()
    return problems + ([f"the wire process has grown by {grown / _MIB:.0f} MiB"] if grown > _MOST_GROWN else [])


def many_runs(scratch: Path, live: int, listed: int) -> list[str]:
    """List many runs, some of them training at once."""
    playing = [Playing(make_folder(scratch / "live" / f"2026-01-01_{number:06}"), 0.1) for number in range(live)]
    for number in range(listed - live):
        shutil.copytree(RECORDINGS / "cartpole", scratch / "ended" / f"2025-01-01_{number:06}")
    runs = RunList(scratch)

    def statuses() -> list[str]:
        return [row.status for rows in runs.look() for row in rows]

    wait_for(lambda: statuses().count("training") == live, "all runs to train", 300.0)
    problems = [] if len(statuses()) == listed else [f"{len(statuses())} rows of {listed}"]
    for one in playing:
        one.close()
    if (finished := statuses().count("finished")) < live:
        problems.append(f"{finished} of {live} have finished")
    return problems


def soak(scratch: Path, seconds: float) -> list[str]:
    """Report 1,000 iterations/s while a dashboard follows; no memory grows, but for the points that are kept."""
    folder = make_folder(scratch / "experiment" / "run")
    playing = Playing(folder, 0.001)
    wire = psutil.Process(wait_for(lambda: read_connection(folder), "a connection").pid)
    dashboard = _Dashboard(folder, scratch)
    began, warm, warm_dashboard, warm_iterations, followed = time.monotonic(), 0, 0, 0, 0
    with Follower(folder) as follower:
        while (elapsed := time.monotonic() - began) < seconds:
            followed += len(follower.poll(0.02))
            dashboard.read()
            if not warm and elapsed > seconds / 3:
                warm, warm_dashboard = wire.memory_info().rss, dashboard.memory
                warm_iterations = playing.iterations
        grown = wire.memory_info().rss - warm
        points = len(METRICS) * (playing.iterations - warm_iterations)
        grown_dashboard = dashboard.memory - warm_dashboard
        dashboard.kill()
        playing.close()
        while frames := follower.poll(2.0):
            followed += len(frames)
    problems = [f"the wire process has grown by {grown / _MIB:.0f} MiB"] if grown > _MOST_GROWN else []
    if grown_dashboard > _BYTES_OF_POINT * points + _MOST_GROWN:
        problems.append(f"the dashboard has grown by {grown_dashboard / _MIB:.0f} MiB for {points:,} points")
    if playing.iterations < _LEAST_RATE * seconds:
        problems.append(f"{playing.iterations / seconds:.0f} iterations/s")
    if followed < playing.iterations:
        problems.append(f"{playing.iterations} iterations, {followed} frames followed")
    return problems
