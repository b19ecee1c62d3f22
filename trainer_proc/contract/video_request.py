"""The request to render frames of a rollout and its result; `python -m trainer_proc.video` is a `worker`.

The frames are a file of `records`, in order: each is zlib-packed RGB, 3 bytes a pixel, rows from the top.
"""

from __future__ import annotations

import msgspec

from trainer_proc.contract.worker import Worker

SMALLEST, LARGEST = 16, 4096
"""Pixels of a side."""


class View(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One frame: a state of the rollout, and an orthographic camera that sees it."""

    state: int
    """Index of the state."""
    target: tuple[float, float, float]
    """What the middle of the frame shows, metres."""
    azimuth: float
    """Direction from the target to the camera on the ground, radians from the world's x axis."""
    elevation: float
    """Angle of that direction above the ground, radians."""
    metres: float
    """Height of what the frame shows."""


class VideoRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to render, and how."""

    rollout: str
    """Absolute path of the rollout."""
    run: str = ""
    """Absolute path of its run, whose task may be a user's own; empty if unknown."""
    frames: str
    """Absolute path of the file for the frames."""
    width: int
    height: int
    """Pixels, `SMALLEST` to `LARGEST`."""
    views: tuple[View, ...]


class Rendered(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Frames that were rendered."""

    frames: int
    gl: str
    """How: `egl` or `osmesa`."""
    notes: tuple[str, ...] = ()
    """What a viewer must know, one line each."""


VIDEO = Worker("trainer_proc.video", "video", Rendered)
