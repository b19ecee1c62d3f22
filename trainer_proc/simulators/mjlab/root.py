"""The root of a robot in mjlab."""

from __future__ import annotations

from typing import Any

import torch

from trainer_proc.metrics.success.root import world_to_root


class MjlabRoot:
    """The root of mjlab's `Entity`; its own `root_link_lin_vel_b` takes ten kernels a step, these views take none."""

    in_place = True

    def __init__(self, robot: Any) -> None:
        self._simulated = robot.data.data
        self._body = robot.data.indexing.root_body_id
        first = int(robot.data.indexing.free_joint_v_adr[0])  # a free joint's six addresses are consecutive
        self._velocity = slice(first, first + 6)

    def position(self) -> torch.Tensor:
        """Return `xpos`."""
        position: torch.Tensor = self._simulated.xpos[:, self._body]
        return position

    def orientation(self) -> torch.Tensor:
        """Return `xquat`, (w, x, y, z)."""
        orientation: torch.Tensor = self._simulated.xquat[:, self._body]
        return orientation

    def velocity(self) -> torch.Tensor:
        """Return the free joint's `qvel`: linear in the world's frame, angular in the root's."""
        velocity: torch.Tensor = self._simulated.qvel[:, self._velocity]
        return velocity

    def quaternion(self, orientation: torch.Tensor) -> torch.Tensor:
        """Return `orientation` unchanged."""
        return orientation

    def velocity_in_root_frame(
        self, orientation: torch.Tensor, velocity: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Rotate the linear velocity only."""
        return world_to_root(orientation, velocity[..., :3]), velocity[..., 3:]
