"""A robot that can be pushed along its heading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from trainer_proc.metrics.success.root import Root
from trainer_proc.simulators.interface import Simulator


@dataclass(frozen=True)
class PushedRobot:
    """The task's robot, whose root is free."""

    simulator: Simulator
    robot: Any
    root: Root

    def push(self, env_ids: torch.Tensor, velocity: torch.Tensor) -> None:
        """Add `velocity` [n, 2] (m/s, ahead of the root and to its left) in the environments `env_ids` [n]."""
        w, x, y, z = self.root.quaternion(self.root.orientation()[env_ids]).unbind(-1)
        heading = torch.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))
        ahead, left = velocity.unbind(-1)
        cosine, sine = heading.cos(), heading.sin()
        in_world = torch.stack([ahead * cosine - left * sine, ahead * sine + left * cosine, 0.0 * ahead], dim=-1)
        self.simulator.push(self.robot, env_ids, in_world)


def pushed_robot(simulator: Simulator | None) -> PushedRobot | None:
    """Return the robot; None without one, or for one that is fixed to the world."""
    robot = simulator.robot() if simulator is not None else None
    if simulator is None or robot is None or getattr(robot, "is_fixed_base", False):
        return None
    root = simulator.root(robot)
    return None if root is None else PushedRobot(simulator, robot, root)
