"""Rollouts that are kept of a training: a preset's `[rollouts]` table."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from curricula.schema import convert

_Most = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
TERRAIN = r"^.+:\d{1,3}$"
"""Pattern of a terrain type with a level, `stairs:4`."""
_Velocity = Annotated[float, msgspec.Meta(ge=-100.0, le=100.0)]


class PeriodicRollout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a rollout of the policy is recorded during the training, and how."""

    every: _Most
    """Iterations from one rollout to the next; the last iteration has one too."""
    seconds: Annotated[float, msgspec.Meta(gt=0.0, le=600.0)] = 10.0
    """Simulated time."""
    command: tuple[_Velocity, _Velocity, _Velocity] | None = None
    """Velocity to hold: forward, lateral (m/s), yaw (rad/s); the task's own commands without it."""
    terrain: Annotated[str, msgspec.Meta(pattern=TERRAIN, title="TYPE:LEVEL")] | None = None
    """Terrain type and level on which episodes begin; those of the training's first environment without it."""
    device: Annotated[str, msgspec.Meta(pattern=r"^(cpu|cuda:\d+)$", title="cpu or cuda:N")] = "cpu"
    """One environment is simulated on a CPU as fast as on a GPU, which the training needs."""


def read_rollouts(table: dict[str, Any]) -> PeriodicRollout | None:
    """Return the periodic rollout in a table; an empty one is none. Raises `SchemaError`."""
    return convert(table, PeriodicRollout, path="rollouts") if table else None
