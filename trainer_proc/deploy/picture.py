"""Draws a robot from what its sensors tell: the messages that a training sends of its robots.

The bundle's model turns joint angles into poses. Where no sensor tells the position, the robot stands at the origin
with its lowest point on the floor.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from trainer_proc.contract.body_shapes import leaf_feet, shapes_of, solids_of
from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.robot import RobotState as Picture
from trainer_proc.contract.robot import Scene
from trainer_proc.deploy.actions import limit_arrays
from trainer_proc.deploy.mujoco_robot import MujocoRobot
from trainer_proc.deploy.observations import joint_index
from trainer_proc.deploy.robot import Floats, RobotState

_VELOCITY = ("forward (m/s)", "lateral (m/s)", "yaw (rad/s)")


class Painter:
    """Makes pictures of one robot. `model` is a `MujocoRobot` of its own, which is never simulated."""

    def __init__(self, card: PolicyCard, model: MujocoRobot, joint_names: list[str]) -> None:
        """`joint_names` is the order of the robot's states."""
        self._card, self._model = card, model
        self._index = joint_index(card.joint_names, joint_names, "joint_names")
        self._command = next((one for one in card.commands if one.kind == "velocity"), None)
        self.scene = _scene(card, model, _VELOCITY if self._command is not None else ())

    def picture(self, state: RobotState, *, step: int, seconds: float, command: dict[str, Floats]) -> Picture:
        """Return the message of a state; `seconds` since the run began, `command` by name."""
        positions = state.joint_positions[self._index]
        poses = self._model.poses(positions, state.orientation, state.base_position)
        linear = state.base_lin_vel
        velocity = () if linear is None else (linear[0], linear[1], state.base_ang_vel[2])
        asked = () if self._command is None else command[self._command.name]
        return Picture(
            environment=0,
            iteration=self._card.iteration,
            step=step,
            time=seconds,
            poses=_bytes(poses),
            velocity=_bytes(velocity),
            command=_bytes(asked),
            joints=_bytes(positions),
            torques=_bytes(state.joint_efforts[self._index]),
        )


def _scene(card: PolicyCard, robot: MujocoRobot, command: tuple[str, ...]) -> Scene:
    model = robot.model
    bodies = range(1, model.nbody)
    names = tuple(str(model.body(body).name) for body in bodies)
    parents = tuple(int(model.body_parentid[body]) - 1 for body in bodies)
    low, high = limit_arrays(card.joint_position_limits or [None] * len(card.joint_names))
    weakest, strongest = limit_arrays(card.joint_effort_limits)
    return Scene(
        task=card.task,
        bodies=names,
        parents=parents,
        shapes=shapes_of(parents, model.body_pos[1:], [solids_of(model, body) for body in bodies]),
        step_seconds=1.0 / (card.control_frequency or 1.0),
        num_envs=1,
        feet=leaf_feet(names, parents),
        joints=tuple(card.joint_names),
        joint_limits=tuple(zip(low.tolist(), high.tolist(), strict=True)),
        torque_limits=tuple(np.maximum(np.abs(weakest), np.abs(strongest)).tolist()),
        command=command,
    )


def _bytes(values: Any) -> bytes:
    """Return little-endian float32."""
    return np.asarray(values, dtype="<f4").tobytes()
