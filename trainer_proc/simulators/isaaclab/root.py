"""The root of a robot in Isaac Lab."""

from __future__ import annotations

from typing import Any

import torch

from trainer_proc.metrics.success.root import as_tensor, world_to_root


class ArticulationRoot:
    """The root of Isaac Lab's `Articulation`.

    Its velocity is that of the root's centre of mass, as Isaac Lab's own rewards and velocity command use it
    (`ArticulationData.root_lin_vel_b`). Isaac Lab 3 has quaternions (x, y, z, w) in arrays of Warp.
    """

    in_place = False

    def __init__(self, robot: Any) -> None:
        self._data = robot.data

    def position(self) -> torch.Tensor:
        """Return the first three of `root_link_pose_w`."""
        return as_tensor(self._data.root_link_pose_w)[:, :3]

    def orientation(self) -> torch.Tensor:
        """Return the last four of `root_link_pose_w`."""
        return as_tensor(self._data.root_link_pose_w)[:, 3:]

    def velocity(self) -> torch.Tensor:
        """Return `root_com_vel_w`, both in the world's frame."""
        return as_tensor(self._data.root_com_vel_w)

    def quaternion(self, orientation: torch.Tensor) -> torch.Tensor:
        """Put w first."""
        return orientation.roll(1, dims=-1)

    def velocity_in_root_frame(
        self, orientation: torch.Tensor, velocity: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Rotate both velocities."""
        quaternion = self.quaternion(orientation)
        return world_to_root(quaternion, velocity[..., :3]), world_to_root(quaternion, velocity[..., 3:])
