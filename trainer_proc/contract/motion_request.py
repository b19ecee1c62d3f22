"""The request to make a motion, and its result; `python -m trainer_proc.motions` is a `worker`."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import msgspec

from trainer_proc.contract.worker import Worker

MotionName = Literal["backflip"]
MOTIONS: tuple[MotionName, ...] = get_args(MotionName)


class MotionRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which motion to make, and how."""

    motion: MotionName
    output: str
    """Absolute path of the .npz file."""
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
    """The same seed makes the same motion on the same machine."""
    generations: Annotated[int, msgspec.Meta(ge=0, le=100_000)]
    """Generations of the search; 0 plays the keyframes that it begins with."""


class MotionWritten(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A motion that was written, and what it does."""

    frames: int
    seconds: float
    turns: float
    """Turns about the pitch axis from the beginning to the end; backward is positive."""
    apex: float
    """Highest centre of mass (m)."""
    flight: float
    """Time in the air (s)."""
    is_standing: bool
    """Whether the robot has not fallen and stands upright in the last second."""


MOTION = Worker("trainer_proc.motions", "motion", MotionWritten)
