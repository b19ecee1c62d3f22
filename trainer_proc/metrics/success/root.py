"""The root of a robot, on which success is measured, as each simulator reports it."""

from __future__ import annotations

from typing import Any, Protocol

import torch

from trainer_proc.contract.errors import TrainingError


class Root(Protocol):
    """The root of a robot that can move freely.

    `position`, `orientation` and `velocity` are views of what the simulator writes, so that one kernel copies them all
    in each step. They are interpreted once an iteration, for all its steps.
    """

    in_place: bool
    """Whether the simulator writes into the memory of these views in every step; else they are computed when asked."""

    def position(self) -> torch.Tensor:
        """Return the position in the world (m), of shape [num_envs, 3]."""

    def orientation(self) -> torch.Tensor:
        """Return the orientation in the world, of shape [num_envs, 4], a quaternion in the simulator's order."""

    def velocity(self) -> torch.Tensor:
        """Return linear and angular velocity (m/s, rad/s), of shape [num_envs, 6], in the simulator's frames."""

    def quaternion(self, orientation: torch.Tensor) -> torch.Tensor:
        """Return orientations of shape [..., 4] as (w, x, y, z)."""

    def velocity_in_root_frame(
        self, orientation: torch.Tensor, velocity: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return linear and angular velocity in the root's frame, each of shape [..., 3]."""


class RobotSource(Protocol):
    """The part of a `trainer_proc.simulators.interface.Simulator` that success needs."""

    def robot(self) -> Any | None:
        """Return the robot that the task trains; None if the scene has none, or several without one called `robot`."""

    def robot_names(self) -> list[str]:
        """Return the names of all that could be the robot."""

    def root(self, robot: Any) -> Root | None:
        """Return the root of a robot; None if `robot` is not one of this simulator's."""


def find_robot(simulator: RobotSource | None, kind: str) -> Any:
    """Return the robot of the task. Raises `TrainingError` if there is none; `kind` is that of the success."""
    if simulator is None:
        raise _unknown_robot(kind)
    robot = simulator.robot()
    if robot is None:
        names = ", ".join(simulator.robot_names()) or "none"
        raise TrainingError(f"success of kind {kind} needs one robot: expected an entity called robot, got {names}")
    return robot


def find_root(simulator: RobotSource | None, robot: Any, kind: str) -> Root:
    """Return the root of `robot`. Raises `TrainingError` if it is of another simulator, or fixed to the world."""
    if simulator is not None and getattr(robot, "is_fixed_base", False):
        raise TrainingError(
            f"success of kind {kind} needs a robot that can move: this one is fixed to the world; use kind time-out"
        )
    root = simulator.root(robot) if simulator is not None else None
    if root is None:
        raise _unknown_robot(kind)
    return root


def as_tensor(array: Any) -> torch.Tensor:
    """Return a tensor, or Isaac Lab 3's `ProxyArray` as one, without a copy."""
    return array if isinstance(array, torch.Tensor) else array.torch


def world_to_root(quaternions: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
    """Return vectors of the world frame, of shape [..., 3], in the root's frame; quaternions are (w, x, y, z)."""
    axes = quaternions[..., 1:]
    turned = 2.0 * torch.linalg.cross(axes, vectors)
    rotated: torch.Tensor = vectors - quaternions[..., :1] * turned + torch.linalg.cross(axes, turned)
    return rotated


def _unknown_robot(kind: str) -> TrainingError:
    return TrainingError(f"success of kind {kind} needs a robot of mjlab or of Isaac Lab: use kind time-out")
