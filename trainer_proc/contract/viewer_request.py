"""The request to show a robot in a browser; `python -m trainer_proc.viewer` is a `worker`.

Its first progress has the address. It ends when nobody has watched for a while, or with its robot.
"""

from __future__ import annotations

import msgspec

from trainer_proc.contract.robot import Selection
from trainer_proc.contract.worker import Worker


class ViewerRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to show; either a rollout or an environment of a live training."""

    run: str = ""
    """Absolute path of the run; of a rollout, empty if unknown."""
    rollout: str = ""
    """Absolute path of a rollout, which plays again and again."""
    selection: Selection = Selection("env", "0")
    """Environment of the training."""
    port: int = 0
    """0 for a free one."""
    unwatched_seconds: float = 60.0
    """Time without a browser after which it ends."""


class Viewed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Why the viewer has ended."""

    reason: str
    """One line."""
    notes: tuple[str, ...] = ()
    """What a viewer must know, one line each."""


VIEWER = Worker("trainer_proc.viewer", "viewer", Viewed)
