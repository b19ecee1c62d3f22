"""A real training of the cartpole, killed again and again: while it saves, while it exports, after a change.

Each kill is followed by `resume --replay`, so the next training is what a user would have.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import psutil

from tests.chaos.journals import look_at
from tests.program import bodies_of, launched, reach_iteration
from tests.tui.screens.recorded import until
from tests.waiting import TRAINING_SECONDS, wait_for
from trainer_proc.contract.knob import Value
from trainer_proc.contract.messages import InterventionApplied, RunStarted
from trainer_proc.contract.process_identity import process_identity
from trainer_proc.contract.products import CheckpointSaved
from trainer_proc.contract.requests import Accepted, Export, Tune
from trainer_proc.contract.run_folder import RunFolder, iteration_of
from tui.app import HumanoidTui
from tui.screens.dashboard.screen import DashboardScreen
from tui.session.launching.changes_after import changes_after
from tui.session.launching.continuing import continued_spec
from tui.session.runs.run_index import read_state
from tui.session.trainer_request import ask

KNOB = "reward/smooth_reward/weight"
_LAUNCH = ("launch", "cartpole", "--device", "cpu", "--num-envs", "4", "--iterations", "100000")
_QUICK = ("--override", "agent.num_steps_per_env=4", "--override", "agent.save_interval=2")
_ITERATIONS = 3
"""How long each training goes on before it is changed and killed."""


@dataclass(frozen=True)
class _Changed:
    """The newest change that the wire process has accepted."""

    number: int
    value: float


def trainings_killed(scratch: Path, times: int, random: Random) -> list[str]:
    """Kill a training `times` times at different moments; no whole checkpoint is missed, and no change is lost."""
    problems: list[str] = []
    folder, changed = launched(scratch, *_LAUNCH, *_QUICK), None
    for number in range(times):
        if number:
            folder = launched(scratch, "resume", str(folder.path), "--replay")
        trainer = psutil.Process(_started(folder).pid)
        try:
            state = reach_iteration(folder, reach_iteration(folder, 0).first_iteration + _ITERATIONS)
            if changed is not None and (value := state.knobs[KNOB].value) != changed.value:
                problems.append(f"resume {number}: expected the value {changed.value:g}, got {value}")
            changed = _change(folder, random)
            _MOMENTS[number % len(_MOMENTS)](folder, random)
        finally:
            _kill(trainer, folder)
        problems += [f"kill {number + 1}: {problem}" for problem in _problems_of(folder, changed)]
    return problems


# --- moments ------------------------------------------------------------------------------------------------


def _while_saving(folder: RunFolder, random: Random) -> None:
    saved = len(folder.checkpoints()) + random.randrange(3)
    wait_for(lambda: len(folder.checkpoints()) >= saved, "checkpoints", TRAINING_SECONDS)
    _see(lambda: any(folder.path.glob(".model_*")), "a checkpoint that is written")


def _while_exporting(folder: RunFolder, random: Random) -> None:
    assert isinstance(ask(folder, Export()), Accepted)
    written = random.choice(("", "policy.onnx", "policy.pt"))
    card = folder.exported / "policy.json"  # the export may be over before anyone looks
    exports = f".unfinished.*/{written}"
    wait_for(lambda: any(folder.exported.glob(exports)) or card.exists(), "an export", TRAINING_SECONDS)


def _after_a_change(folder: RunFolder, random: Random) -> None:
    wait_for(lambda: _has_applied(folder), "the change", TRAINING_SECONDS)


def _has_applied(folder: RunFolder) -> bool:
    return any(isinstance(body, InterventionApplied) and body.origin == "person" for body in bodies_of(folder))


def _at_once(folder: RunFolder, random: Random) -> None:
    """The change may wait for its iteration still."""


_MOMENTS: tuple[Callable[[RunFolder, Random], None], ...] = (_while_saving, _while_exporting, _after_a_change, _at_once)


def _see(condition: Callable[[], bool], what: str) -> None:
    """Wait without a pause: the moment may be short."""
    deadline = time.monotonic() + TRAINING_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"never saw {what}"


def _started(folder: RunFolder) -> RunStarted:
    return wait_for(lambda: read_state(folder).started, "the trainer", TRAINING_SECONDS)


def _change(folder: RunFolder, random: Random) -> _Changed:
    value = round(random.uniform(0.5, 2.0), 6)
    reply = ask(folder, Tune({KNOB: value}), TRAINING_SECONDS)
    assert isinstance(reply, Accepted), reply
    assert reply.intervention is not None
    return _Changed(reply.intervention, value)


def _kill(trainer: psutil.Process, folder: RunFolder) -> None:
    """Kill the trainer, and wait until its wire process and its exports have ended."""
    trainer.suspend()  # at this moment, whatever else is found out first
    children = {child.pid: process_identity(child.pid) for child in trainer.children(recursive=True)}
    trainer.kill()
    ended = "the end of its wire process and exports"
    wait_for(lambda: not any(one and process_identity(pid) == one for pid, one in children.items()), ended)


# --- what is left -------------------------------------------------------------------------------------------


def _problems_of(folder: RunFolder, changed: _Changed) -> list[str]:
    (row,) = (row for row in look_at(folder) if row.folder.path == folder.path)
    problems = [] if row.status == "failed" else [f"status {row.status}"]
    if row.damage or row.problem:
        problems.append(row.damage or row.problem)
    checkpoint = Path(continued_spec(folder, read_state(folder), None).checkpoint)
    newest = max(filter(_is_whole, folder.checkpoints()), key=lambda path: iteration_of(path) or 0)
    if checkpoint != newest:
        problems.append(f"expected to continue from {newest.name}, got {checkpoint.name}")
    if missing := [path for path in _saved(folder) if not _is_whole(folder.path / path)]:
        problems.append(f"not whole: {missing[0]}")
    if (value := dict(changes_after(folder, checkpoint).values).get(KNOB, _value_in(checkpoint))) != changed.value:
        problems.append(f"change #{changed.number} to {changed.value:g} is lost: {value} in {checkpoint.name}")
    exported = {path.name for path in folder.exported.glob("policy.*")} if folder.exported.is_dir() else set()
    if "policy.json" in exported and not {"policy.onnx", "policy.pt"} <= exported:
        problems.append(f"an export of {sorted(exported)}")
    asyncio.run(_show(folder, row.iteration))
    return problems


def _saved(folder: RunFolder) -> list[str]:
    return [body.path for body in bodies_of(folder) if isinstance(body, CheckpointSaved)]


def _is_whole(checkpoint: Path) -> bool:
    from trainer_proc.checkpoints.load import CheckpointError, read_checkpoint  # torch

    try:
        read_checkpoint(checkpoint)
    except CheckpointError:
        return False
    return True


def _value_in(checkpoint: Path) -> Value | None:
    """Return the knob's value in the steering state of a checkpoint."""
    from trainer_proc.checkpoints.load import read_checkpoint
    from trainer_proc.steering.state import from_infos

    state = from_infos(read_checkpoint(checkpoint)["infos"])
    return None if state is None else state.values.get(KNOB)


async def _show(folder: RunFolder, iteration: int | None) -> None:
    """Open the dashboard, and wait until it shows the newest iteration. Raises what the dashboard raises."""
    app = HumanoidTui(folder.path.parents[1], folder)
    async with app.run_test(size=(120, 40)):
        screen = app.screen
        assert isinstance(screen, DashboardScreen)
        await until(lambda: screen.has_ended and screen.state.iteration == iteration, "the whole run")
