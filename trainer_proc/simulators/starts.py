"""Start episodes in states that the caller chooses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch


class Starts(Protocol):
    """States of one robot at the start of episodes, relative to its configured default pose above flat ground.

    Shapes: E environments, J joints of the robot, in its own order.
    """

    joint_names: Sequence[str]
    """All J joints of the robot."""

    def begin_with(
        self, joint_offsets: torch.Tensor, orientation: torch.Tensor, lift: torch.Tensor, velocity: torch.Tensor
    ) -> None:
        """Set what all environments start with at each reset from now on.

        `joint_offsets` [E, J] (rad) are added to the default positions, `lift` [E] (m) to the default height.
        `orientation` [E, 4] is (w, x, y, z), `velocity` [E, 6] linear and angular in the world (m/s, rad/s); both count
        for nothing for a robot that is fixed to the world.
        """
