"""The program's command line, run as a user would, and what a run has published."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import TRAINING_SECONDS, wait_for
from trainer_proc.contract.codec import unpack_values
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import TERMINAL_PHASES, Body, IterationFinished, MetricSet
from trainer_proc.contract.requests import Accepted, Pause, Resume
from trainer_proc.contract.run_folder import RunFolder
from tui.session.runs.run_index import read_state
from tui.session.state import RunState
from tui.session.trainer_request import ask

PROGRAM = str(Path(sys.executable).with_name("humanoid-tui"))


def program(cwd: Path, *arguments: str, code: int = 0) -> str:
    """Run the command line and return what it printed; its errors must be one line."""
    done = subprocess.run([PROGRAM, *arguments], cwd=cwd, capture_output=True, text=True, timeout=TRAINING_SECONDS)
    assert done.returncode == code, done.stdout + done.stderr
    if code:
        assert len(done.stderr.strip().splitlines()) == 1
        return done.stderr
    return done.stdout


def launched(cwd: Path, *arguments: str) -> RunFolder:
    """Run a command that starts a training, and return the new run's folder."""
    return RunFolder(Path(json.loads(program(cwd, *arguments, "--json"))["run"]))


def stop(cwd: Path, folder: RunFolder) -> RunState:
    """Stop a training, if it still runs, and return how it ended."""
    if read_connection(folder):
        program(cwd, "stop", str(folder.path))
        wait_for(lambda: read_connection(folder) is None, "the end of the trainer")
    return read_state(folder)


@contextmanager
def paused(folder: RunFolder) -> Iterator[None]:
    """Pause a training meanwhile: it would keep a core busy for iterations that nobody looks at."""
    _pause(folder)
    try:
        yield
    finally:
        _resume(folder)


@contextmanager
def running(folder: RunFolder) -> Iterator[None]:
    """Let a paused training run meanwhile."""
    _resume(folder)
    try:
        yield
    finally:
        _pause(folder)


def _pause(folder: RunFolder) -> None:
    assert isinstance(ask(folder, Pause()), Accepted)
    wait_for(lambda: _is_paused(folder), "the pause")


def _resume(folder: RunFolder) -> None:
    assert isinstance(ask(folder, Resume()), Accepted)
    wait_for(lambda: not _is_paused(folder), "the end of the pause")


def _is_paused(folder: RunFolder) -> bool:
    phase = read_state(folder).phase
    return phase is not None and phase.phase == "paused"


def bodies_of(folder: RunFolder) -> list[Body]:
    """Return the bodies of all frames that a run has published."""
    return [frame.body for frame in JournalReader(folder.journal).read_new()]


def published(folder: RunFolder, metric: str) -> dict[int, float]:
    """Return a metric's values by iteration, as published."""
    names: dict[int, tuple[str, ...]] = {}
    values: dict[int, float] = {}
    for body in bodies_of(folder):
        if isinstance(body, MetricSet):
            names[body.id] = body.names
        elif isinstance(body, IterationFinished) and metric in names[body.metric_set]:
            index = names[body.metric_set].index(metric)
            values[body.iteration] = unpack_values(body.values)[index]
    return values


def reach_iteration(folder: RunFolder, iteration: int) -> RunState:
    """Wait until the run has finished `iteration`, however slow the machine, unless it has ended before."""

    def reached() -> RunState | None:
        state = read_state(folder)
        if state.iteration is not None and state.iteration >= iteration:
            return state
        assert state.phase is None or state.phase.phase not in TERMINAL_PHASES, state.phase
        return None

    return wait_for(reached, f"iteration {iteration}", seconds=TRAINING_SECONDS)
