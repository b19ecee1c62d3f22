"""Velocity levels: commanded speeds grow with success, from a slow walk to a fast run.

Success-driven command ranges, as in "Rapid Locomotion via Reinforcement Learning" (Margolis et al., 2022,
arXiv:2205.02824) and legged_gym's command curriculum, with named levels. mjlab's own `mdp.commands_vel`
widens by step count.
"""

from __future__ import annotations

from typing import ClassVar

from curricula.ladder import Ladder, LadderTable, up_and_down
from curricula.values import KnobValues, numbers_problem

Range = tuple[float, float]

FORWARD: tuple[Range, ...] = ((0.0, 0.5), (0.0, 1.0), (0.0, 1.5), (0.0, 2.0), (0.0, 3.0), (0.0, 4.0))
"""m/s."""
LATERAL: tuple[Range, ...] = ((-0.2, 0.2), (-0.3, 0.3), (-0.4, 0.4), (-0.5, 0.5), (-0.4, 0.4), (-0.3, 0.3))
"""m/s; narrower at running speeds."""
YAW: tuple[Range, ...] = ((-0.3, 0.3), (-0.5, 0.5), (-0.7, 0.7), (-0.8, 0.8), (-0.8, 0.8), (-0.8, 0.8))
"""rad/s."""
GAITS = ("slow walk", "walk", "fast walk", "jog", "run", "fast run")


class VelocityTable(
    LadderTable, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="velocity"
):
    """Ranges of the velocity command `command` by level: m/s forward and lateral, rad/s yaw.

    There are as many levels as `forward` has ranges; shorter lists repeat their last range. `up` and `down` are success
    rates.
    """

    command: str = "twist"
    forward: tuple[Range, ...] = FORWARD
    lateral: tuple[Range, ...] = LATERAL
    yaw: tuple[Range, ...] = YAW
    up: float = 0.8
    down: float = 0.5


class VelocityCurriculum(Ladder):
    """Owns `command/<command>/lin_vel_x`, `lin_vel_y` and `ang_vel_z`."""

    kind: ClassVar[str] = "velocity"

    def __init__(self, name: str, table: VelocityTable) -> None:
        """Raise `ValueError` if a range is missing or has its high end first."""
        for axis, ranges in (("forward", table.forward), ("lateral", table.lateral), ("yaw", table.yaw)):
            if not ranges:
                raise ValueError(f"{axis}: expected at least one range, got none")
            for ends in ranges:
                if problem := numbers_problem(axis, ends):
                    raise ValueError(problem)
        levels = [_values(table, level) for level in range(len(table.forward))]
        super().__init__(name, table, levels, up_and_down(table, table.up, table.down))
        self._forward = table.forward

    def level_text(self, level: int) -> str:
        low, high = self._forward[level]
        gait = f"{GAITS[level]}, " if self._forward == FORWARD else ""
        return f"{gait}{low:g} to {high:g} m/s"


def _values(table: VelocityTable, level: int) -> KnobValues:
    axes = (("lin_vel_x", table.forward), ("lin_vel_y", table.lateral), ("ang_vel_z", table.yaw))
    return {f"command/{table.command}/{axis}": ranges[min(level, len(ranges) - 1)] for axis, ranges in axes}
