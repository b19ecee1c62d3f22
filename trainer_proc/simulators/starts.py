"""Start episodes in states that the caller chooses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch


class Starts(Protocol):
    """States of one robot at the start of episodes on flat ground.

    Shapes: E environments, J joints of the robot, in its own order.
    """

    joint_names: Sequence[str]
    """All J joints of the robot."""

    def begin_with(
        self, joints: torch.Tensor, position: torch.Tensor, orientation: torch.Tensor, velocity: torch.Tensor
    ) -> None:
        """Set what all environments start with at each reset from now on; before, it is the default pose.

        `joints` [E, J] are positions (rad). The root's `position` [E, 3] is relative to the environment's origin,
        `orientation` [E, 4] is (w, x, y, z), `velocity` [E, 6] is linear in the world's axes (m/s), then angular in the
        root's (rad/s). The root's state counts for nothing for a robot that is fixed to the world.
        """
