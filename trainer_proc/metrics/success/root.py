"""What success is measured on: the root of the task's robot, of mjlab 1.6, Isaac Lab 3 and 2.

No other module reads a robot's data.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch

from trainer_proc.contract.errors import TrainingProblem


class Root(Protocol):
    """The root of a robot that can move freely.

    What a step reads is a view of what the simulator writes, so that one kernel copies it all. What it means is asked
    for once an iteration, of all its steps.
    """

    def place(self) -> torch.Tensor:
        """Return the position in the world (m), of shape [num_envs, 3]."""

    def orientation(self) -> torch.Tensor:
        """Return the orientation in the world, of shape [num_envs, 4], a quaternion in the simulator's order."""

    def velocity(self) -> torch.Tensor:
        """Return linear and angular velocity (m/s, rad/s), of shape [num_envs, 6], in the simulator's frames."""

    def quaternion(self, orientation: torch.Tensor) -> torch.Tensor:
        """Return orientations that were read, of shape [..., 4], as (w, x, y, z)."""

    def seen_by_root(self, orientation: torch.Tensor, velocity: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return linear and angular velocity in the root's frame, of shape [..., 3], of what was read."""


class MjlabRoot:
    """The root of mjlab's `Entity`; its own `root_link_lin_vel_b` takes ten kernels a step, these take none."""

    def __init__(self, robot: Any) -> None:
        """Take a robot with a free joint."""
        self._simulated = robot.data.data
        self._body = robot.data.indexing.root_body_id
        first = int(robot.data.indexing.free_joint_v_adr[0])  # its six follow each other
        self._velocity = slice(first, first + 6)

    def place(self) -> torch.Tensor:
        """Return `xpos`."""
        place: torch.Tensor = self._simulated.xpos[:, self._body]
        return place

    def orientation(self) -> torch.Tensor:
        """Return `xquat`, (w, x, y, z)."""
        orientation: torch.Tensor = self._simulated.xquat[:, self._body]
        return orientation

    def velocity(self) -> torch.Tensor:
        """Return the free joint's `qvel`: linear in the world, angular in the root."""
        velocity: torch.Tensor = self._simulated.qvel[:, self._velocity]
        return velocity

    def quaternion(self, orientation: torch.Tensor) -> torch.Tensor:
        """Return them as they are."""
        return orientation

    def seen_by_root(self, orientation: torch.Tensor, velocity: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Turn the linear velocity only."""
        return in_root(orientation, velocity[..., :3]), velocity[..., 3:]


class ArticulationRoot:
    """The root of Isaac Lab's `Articulation`.

    Its velocity is that of the root's centre of mass, which Isaac Lab's own rewards and velocity command go by
    (`ArticulationData.root_lin_vel_b`). Isaac Lab 3 has quaternions (x, y, z, w) in arrays of Warp, 2.x has
    (w, x, y, z) in tensors.
    """

    def __init__(self, robot: Any) -> None:
        """Take a robot with a free root."""
        self._data = robot.data
        self._is_w_first = isinstance(robot.data.root_link_pose_w, torch.Tensor)

    def place(self) -> torch.Tensor:
        """Return the first three of `root_link_pose_w`."""
        return as_tensor(self._data.root_link_pose_w)[:, :3]

    def orientation(self) -> torch.Tensor:
        """Return the last four of `root_link_pose_w`."""
        return as_tensor(self._data.root_link_pose_w)[:, 3:]

    def velocity(self) -> torch.Tensor:
        """Return `root_com_vel_w`, both in the world."""
        return as_tensor(self._data.root_com_vel_w)

    def quaternion(self, orientation: torch.Tensor) -> torch.Tensor:
        """Put w first."""
        return orientation if self._is_w_first else orientation.roll(1, dims=-1)

    def seen_by_root(self, orientation: torch.Tensor, velocity: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Turn both."""
        quaternion = self.quaternion(orientation)
        return in_root(quaternion, velocity[..., :3]), in_root(quaternion, velocity[..., 3:])


def root_of(robot: Any, kind: str) -> Root:
    """Return a robot's root. Raises `TrainingProblem` if the robot is of another simulator, or bolted down."""
    data = getattr(robot, "data", None)
    is_of_mjlab = hasattr(data, "indexing")
    if not is_of_mjlab and not hasattr(data, "root_link_pose_w"):
        raise TrainingProblem(
            f"success of kind {kind} is measured on mjlab's robots and Isaac Lab's articulations only; use time-out"
        )
    if robot.is_fixed_base:
        raise TrainingProblem(f"success is of kind {kind}, but the task's robot can't move from its place")
    return MjlabRoot(robot) if is_of_mjlab else ArticulationRoot(robot)


def robot_of(env: Any, kind: str) -> Any:
    """Return the scene's `robot`, or its only entity (articulation) beside the terrain. Raises `TrainingProblem`."""
    scene = getattr(env, "scene", None)
    entities = getattr(scene, "entities", None) or getattr(scene, "articulations", {})
    entities = {name: one for name, one in entities.items() if name != "terrain"}
    if "robot" in entities:
        return entities["robot"]
    if len(entities) != 1:
        there = f"; there are {', '.join(entities)}" if entities else ""
        raise TrainingProblem(f"success is of kind {kind}, but the scene has no robot{there}")
    return next(iter(entities.values()))


def as_tensor(array: Any) -> torch.Tensor:
    """Return a tensor, or Isaac Lab 3's `ProxyArray` as one, without a copy."""
    return array if isinstance(array, torch.Tensor) else array.torch


def in_root(quaternions: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
    """Return vectors of the world, of shape [..., 3], as the root sees them; quaternions are (w, x, y, z)."""
    axes = quaternions[..., 1:]
    turned = 2.0 * torch.linalg.cross(axes, vectors)
    seen: torch.Tensor = vectors - quaternions[..., :1] * turned + torch.linalg.cross(axes, turned)
    return seen
