"""Run specs that continue or fork another run from its checkpoint."""

from __future__ import annotations

from pathlib import Path

import msgspec

from curricula.errors import UserError
from presets.evaluation import with_interval
from presets.fast import with_fast
from presets.fixed_fields import has_effect
from presets.preset import BACKENDS
from trainer_proc.contract.checkpoint_damage import damage_of
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.runs.checkpoints import (
    LATEST,
    CheckpointNotFound,
    find_checkpoint,
    first_iteration,
    iteration_in,
    run_of,
)
from tui.session.state import RunState


class NoIterationsLeft(UserError):
    """The run has finished all its iterations, and no number of further ones is given."""


def continued_spec(
    folder: RunFolder,
    state: RunState,
    iterations: int | None,
    at: str | None = None,
    *,
    evaluate_every: int | None = None,
    rollout_every: int | None = None,
    fast: bool | None = None,
) -> RunSpec:
    """Return the spec that continues the run in `folder`, with fold `state`, from its checkpoint `at`.

    `at` as in `find_checkpoint`. `iterations` None: those left at the checkpoint. Intervals, `fast` as in `Overrides`.
    A run without a checkpoint of its own continues from the one that it began with. Launch values are in the
    checkpoint, with later changes. A goal that was reached is no goal again. Raises
    `CheckpointNotFound`, `NoIterationsLeft` or another `UserError`. So it does for a run of a user's own script, which
    builds environment and runner itself.
    """
    spec = folder.read_spec()
    checkpoint = _checkpoint(folder, spec, at)
    if script := _own_script(spec):
        raise UserError(
            f"{folder.name} was trained by {script}, which builds its environment and runner itself",
            hint=f"run {script} again with runner.load({str(checkpoint)!r}) behind steer(runner)",
        )
    last = _last_iteration(state, spec)
    done = _finished(state, spec, checkpoint)
    if iterations is None:
        iterations = last - done if done is not None else spec.iterations
        if iterations < 1:
            raise NoIterationsLeft(
                f"{folder.name} has finished all its {last + 1} iterations", hint="add --iterations N"
            )
    return msgspec.structs.replace(
        _without_fixed(spec),
        iterations=iterations,
        checkpoint=str(checkpoint),
        other_task=spec.other_task and str(checkpoint) == spec.checkpoint,
        parent=run_of(checkpoint),
        set={},
        set_note="",
        evaluation=with_interval(spec.evaluation, evaluate_every),
        rollouts=with_interval(spec.rollouts, rollout_every),
        fast=with_fast(spec.fast, fast),
        goal={} if state.has_reached_goal else spec.goal,
    )


def _last_iteration(state: RunState, spec: RunSpec) -> int:
    """Return the number of the final iteration; of a run that died before it loaded its checkpoint, by its spec."""
    if state.continued is not None:
        return state.last_iteration
    return first_iteration(spec) + spec.iterations - 1


def _finished(state: RunState, spec: RunSpec, checkpoint: Path) -> int | None:
    """Return the last iteration before the continued run's first one; None if it is unknown."""
    began_at_0 = state.continued is not None and bool(state.continued.copied)  # with weights of another task
    return -1 if began_at_0 and str(checkpoint) == spec.checkpoint else iteration_in(checkpoint)


def _checkpoint(folder: RunFolder, spec: RunSpec, at: str | None) -> Path:
    """Return the checkpoint to continue from. Raises `CheckpointNotFound`."""
    try:
        return find_checkpoint(folder, at)
    except CheckpointNotFound:
        began_with = Path(spec.checkpoint)
        if at not in (None, LATEST) or not spec.checkpoint or not began_with.is_file() or damage_of(began_with):
            raise
        return began_with


def _own_script(spec: RunSpec) -> str:
    """Return the script that called `steer`; empty for a run that this program started."""
    return spec.script or (f"{spec.preset}.py" if spec.backend not in BACKENDS else "")  # older runs name its stem only


def _without_fixed(spec: RunSpec) -> RunSpec:
    """Return the spec without overrides that never had an effect, which older versions accepted."""
    overrides = {path: value for path, value in spec.overrides.items() if has_effect(path)}
    hydra = tuple(filter(has_effect, spec.hydra))
    return msgspec.structs.replace(spec, overrides=overrides, hydra=hydra)
