"""Adds the steering state and the environment's step counter to every checkpoint that a runner saves and loads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from curricula.errors import message_of
from trainer_proc.checkpoints.fit import size_difference
from trainer_proc.checkpoints.load import CheckpointError, check_library, read_checkpoint, tensors_on_cpu
from trainer_proc.checkpoints.retention import CheckpointRetention
from trainer_proc.checkpoints.save import LiveCheckpoints
from trainer_proc.contract.knob import number_of
from trainer_proc.contract.messages import TrainerBody
from trainer_proc.contract.products import CheckpointFailed, CheckpointSaved
from trainer_proc.export.commands import command_infos
from trainer_proc.knobs.terrain import SHIFT
from trainer_proc.metrics.environment import unwrapped
from trainer_proc.metrics.observer import Observer
from trainer_proc.metrics.terrain import SteeredTerrain
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.state import INFOS_KEY, environment_infos, from_infos, restore_environment, to_infos


def attach_checkpoints(
    runner: Any,
    steering: Steering,
    emit: Callable[[TrainerBody], None],
    terrain: SteeredTerrain | None,
    observer: Observer,
    retention: CheckpointRetention | None = None,
) -> LiveCheckpoints:
    """Wrap `runner.save` and `runner.load` on the instance; loading raises `CheckpointError`.

    `retention` deletes old checkpoints after each save.
    """
    env = unwrapped(runner.env)

    def on_saved(iteration: int, path: Path) -> None:
        emit(CheckpointSaved(iteration, path.name))
        if retention is not None:
            retention.apply(steering.needed_checkpoints(iteration))

    def on_save_failed(iteration: int, reason: str) -> None:
        emit(CheckpointFailed(iteration, reason))

    checkpoints = LiveCheckpoints(runner, _infos(env, steering, terrain, observer), on_saved, on_save_failed)
    load = runner.load

    def load_with_steering(path: str, *args: Any, **kwargs: Any) -> Any:
        saved = read_checkpoint(Path(path))
        check_library(Path(path), saved, getattr(runner, "library", "rsl_rl"))
        try:
            state = from_infos(saved.get("infos"))
            with tensors_on_cpu():
                loaded = load(path, *args, **kwargs)
        except (RuntimeError, KeyError, ValueError) as error:  # other networks, optimizer or steering state
            reason = _sizes(runner, saved) or message_of(error, 200)
            raise CheckpointError(f"{path} doesn't fit this training: {reason}") from error
        if _is_another_policy(runner, saved):
            return loaded
        restore_environment(env, saved.get("infos"))
        if state is not None:
            if terrain is not None:
                shift = int(number_of(state.values.get(SHIFT, 0.0)))
                terrain.restore(state.terrain_levels, state.terrain_types, shift, reset=not steering.is_iterating)
            steering.resume_from(state, Path(path).name)
        checkpoints.loaded = path
        return loaded

    runner.load = load_with_steering
    return checkpoints


def _infos(
    env: Any, steering: Steering, terrain: SteeredTerrain | None, observer: Observer
) -> Callable[[], dict[str, Any]]:
    """Return what collects the state that a checkpoint keeps beside the networks."""

    def placement() -> tuple[tuple[int, ...], ...]:
        return () if terrain is None else (terrain.levels(), terrain.columns())

    def steering_infos() -> dict[str, Any]:
        placed = observer.attempt_again("terrain levels of checkpoints", placement) or ()
        return {INFOS_KEY: to_infos(steering.interventions.snapshot(*placed))}

    def infos() -> dict[str, Any]:
        state = observer.attempt_again("steering state of checkpoints", steering_infos) or {}
        counter = observer.attempt_again("step counter of checkpoints", lambda: environment_infos(env)) or {}
        ranges = observer.attempt_again("ranges of commands in checkpoints", lambda: command_infos(env)) or {}
        return state | counter | ranges

    return infos


def _sizes(runner: Any, saved: dict[str, Any]) -> str:
    """Return how the sizes of the saved networks differ from the runner's; empty if they don't, or it is not known."""
    for network in ("actor", "critic"):
        module, state = getattr(runner.alg, network, None), saved.get(f"{network}_state_dict")
        live = module.state_dict() if isinstance(module, torch.nn.Module) else {}
        if difference := size_difference(state or {}, live):
            return f"{network}: {difference}"
    return ""


def _is_another_policy(runner: Any, saved: dict[str, Any]) -> bool:
    """Return whether a distillation has loaded its teacher, whose training it does not continue."""
    return hasattr(runner.alg, "student") and "student_state_dict" not in saved
