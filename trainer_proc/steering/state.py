"""The steering state that a checkpoint carries beside the weights, so that a resumed run continues with it."""

from __future__ import annotations

from typing import Any

import msgspec

from trainer_proc.contract.knob import Value
from trainer_proc.steering.ramps import RampInProgress

INFOS_KEY = "humanoid_tui"
"""Key of the state in the `infos` of an rsl-rl checkpoint."""
ENVIRONMENT_KEY = "env_state"
"""Key under which mjlab's runner keeps the environment's step counter; rsl-rl's runner, used by Isaac Lab, has none."""
_COUNTER = "common_step_counter"


class SteeringState(msgspec.Struct, frozen=True):
    """All that steering has changed in a training."""

    values: dict[str, Value] = {}
    """Changed knobs' values."""
    pinned: tuple[str, ...] = ()
    """Knobs held against competing writers."""
    ramps: tuple[RampInProgress, ...] = ()
    revision: int = 0
    terrain_levels: tuple[int, ...] = ()
    """Terrain row of each environment; empty without a terrain curriculum."""
    terrain_types: tuple[int, ...] = ()
    """Terrain column of each environment; empty without a terrain curriculum."""


def to_infos(state: SteeringState) -> dict[str, Any]:
    """Return `state` as plain containers and numbers, which `torch.load(weights_only=True)` accepts."""
    infos: dict[str, Any] = msgspec.to_builtins(state)
    return infos


def from_infos(infos: dict[str, Any] | None) -> SteeringState | None:
    """Return the state in a checkpoint's `infos`, None without one. Raises `msgspec.ValidationError`."""
    content = (infos or {}).get(INFOS_KEY)
    return None if content is None else msgspec.convert(content, SteeringState)


def environment_infos(env: Any) -> dict[str, Any]:
    """Return the `infos` of an environment: its step counter, which the task's curricula may depend on, if any."""
    counter = getattr(env, _COUNTER, None)
    return {} if counter is None else {ENVIRONMENT_KEY: {_COUNTER: int(counter)}}


def restore_environment(env: Any, infos: dict[str, Any] | None) -> None:
    """Restore the environment's step counter from a checkpoint's `infos`, if they have one.

    The simulation's own counter (`_sim_step_counter`) restarts at 0, as do the times of the last events, which are
    measured by it.
    """
    counter = (infos or {}).get(ENVIRONMENT_KEY, {}).get(_COUNTER)
    if counter is not None and hasattr(env, _COUNTER):
        setattr(env, _COUNTER, counter)
