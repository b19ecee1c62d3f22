"""What a search needs to know of a motion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trainer_proc.motions.plan import Plan
from trainer_proc.motions.play import Played
from trainer_proc.motions.robot import Robot


@dataclass(frozen=True)
class Motion:
    """A motion that can be searched for. Its functions are those of a module: processes hear of them by name."""

    start: Plan
    """Where the search begins."""
    seconds: float
    """Length of the motion."""
    judged_seconds: float
    """A plan is judged for longer, so that the motion does not end in the beginning of a fall."""
    cost: Callable[[Robot, Played], float]
    """How bad a motion is that was played for `judged_seconds`."""
    is_hopeless: Callable[[Robot], bool]
    """Whether a robot that has just landed is too far from upright to stand."""
