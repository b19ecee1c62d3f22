"""What a checkpoint carries beside the weights, so that a resumed run goes on with what was done to it."""

from __future__ import annotations

from typing import Any

import msgspec

from trainer_proc.contract.knob import Value
from trainer_proc.steering.ramps import RampInProgress

INFOS_KEY = "humanoid_tui"
"""Where the state lies in the `infos` of an rsl-rl checkpoint."""
ENVIRONMENT_KEY = "env_state"
"""Where mjlab's runner keeps the environment's step counter in them; rsl-rl's own, which Isaac Lab uses, doesn't."""
_COUNTER = "common_step_counter"


class SteeringState(msgspec.Struct, frozen=True):
    """Values that were set, which of them are pinned, ramps on their way, and the revision.

    `terrain_levels` and `terrain_types` hold a row and a column of the terrain for each environment, where the task has
    a terrain curriculum.
    """

    values: dict[str, Value] = {}
    pinned: tuple[str, ...] = ()
    ramps: tuple[RampInProgress, ...] = ()
    revision: int = 0
    terrain_levels: tuple[int, ...] = ()
    terrain_types: tuple[int, ...] = ()


def to_infos(state: SteeringState) -> dict[str, Any]:
    """Return plain containers and numbers, which `torch.load(weights_only=True)` accepts."""
    infos: dict[str, Any] = msgspec.to_builtins(state)
    return infos


def from_infos(infos: dict[str, Any] | None) -> SteeringState | None:
    """Return the state in a checkpoint's `infos`; None if it was saved without. Raises `msgspec.ValidationError`."""
    content = (infos or {}).get(INFOS_KEY)
    return None if content is None else msgspec.convert(content, SteeringState)


def environment_infos(env: Any) -> dict[str, Any]:
    """Return what `infos` keep of an environment: its step counter, which curricula by steps go by, if it has one."""
    counter = getattr(env, _COUNTER, None)
    return {} if counter is None else {ENVIRONMENT_KEY: {_COUNTER: int(counter)}}


def restore_environment(env: Any, infos: dict[str, Any] | None) -> None:
    """Let the environment count on from a checkpoint's `infos`; nothing where they say nothing.

    The simulation's own steps (`_sim_step_counter`) begin at 0 again, as do the times of the last events, which are
    measured against them.
    """
    counter = (infos or {}).get(ENVIRONMENT_KEY, {}).get(_COUNTER)
    if counter is not None and hasattr(env, _COUNTER):
        setattr(env, _COUNTER, counter)
