"""Play a motion from its first frame to its last one, whatever its command samples."""

from __future__ import annotations

from typing import Any

import torch


def hold_motion(term: Any) -> None:
    """Make a `MotionCommand` of mjlab begin at the first frame after each reset, and stay at the last one at its end.

    Its own resampling would choose a frame, put the robot there with noise, and begin again after the last frame.
    """

    def begin(env_ids: torch.Tensor) -> None:
        frames, last = term.time_steps, int(term.motion.time_step_total) - 1
        # an update follows, which adds one: after a reset to -1, at the end to what was the last frame
        frames[env_ids] = torch.where(frames[env_ids] > last, last, -1)

    term._resample_command = begin
