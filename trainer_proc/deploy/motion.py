"""The motion that a tracking policy follows: its frames come out of the policy's own network, by time step.

The policy observes the motion's joints, and the motion's anchor body as seen from the robot's. A robot knows its
anchor's orientation by its IMU, its joints and its model. Its heading is arbitrary, so the motion is turned to it once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.bundle.description import ObservationTerm
from trainer_proc.contract.quaternions import heading, matrix, quaternion_product
from trainer_proc.deploy.bundle import Bundle, zero_inputs
from trainer_proc.deploy.card_checks import MOTION_ANCHOR, MOTION_OUTPUTS, MOTION_POSITIONS
from trainer_proc.deploy.mujoco_robot import MujocoRobot, robot_of
from trainer_proc.deploy.observations import joint_index
from trainer_proc.deploy.robot import Floats, RobotState

Frame = Mapping[str, Any]
"""Outputs of `MOTION_OUTPUTS` at one time step: [1, joints] and [1, bodies, 4]; of `MOTION_POSITIONS` if there: [1,
bodies, 3] m."""


class Motion:
    """The motion's present frame, from the beginning on."""

    def __init__(
        self,
        card: PolicyCard,
        frame_at: Callable[[int], Frame],
        model: MujocoRobot,
        joint_names: Sequence[str],
        *,
        is_turned: bool = True,
    ) -> None:
        """`model` is a robot of its own, which is never simulated; `joint_names` is the order of the robot's states.

        `is_turned` turns the motion to the robot's first heading.
        """
        command = next(one for one in card.commands if one.kind == "motion")
        self.frame_at = frame_at
        self._model, self._is_turned = model, is_turned
        self._index = joint_index(card.joint_names, joint_names, "joint_names")
        self._body, self._anchor = command.body, command.bodies.index(command.body)
        self.start = dict(zip(card.robot_joint_names, np.ravel(frame_at(0)["joint_pos"]).tolist(), strict=True))
        """Position of each joint in the first frame."""
        self.joints = np.zeros(2 * len(card.robot_joint_names))
        """Positions, then velocities, in the order of `robot_joint_names`."""
        self._anchor_seen = np.zeros(6)
        self._has_anchor = any(is_of_anchor(term) for term in card.observation_terms)
        self.turn = (1.0, 0.0, 0.0, 0.0)
        """From the motion's heading to the robot's first one, as a quaternion."""
        self.frame: Frame = {}
        """The present frame, empty before the first `advance`."""
        self._time_step = 0

    def reset(self) -> None:
        """Begin again."""
        self._time_step = 0

    def advance(self, state: RobotState) -> None:
        """Take the next frame, seen from the robot in this state; call it once in each control step."""
        frame = self.frame = self.frame_at(self._time_step)
        count = len(self.joints) // 2
        self.joints[:count], self.joints[count:] = np.ravel(frame["joint_pos"]), np.ravel(frame["joint_vel"])
        if self._has_anchor:
            self._see_anchor(state, np.ravel(frame["body_quat_w"][0][self._anchor]).tolist())
        self._time_step += 1

    def value(self, term: ObservationTerm) -> Floats:
        """Return the array with a term's value, which `advance` changes."""
        return self._anchor_seen if is_of_anchor(term) else self.joints

    def _see_anchor(self, state: RobotState, reference: Sequence[float]) -> None:
        poses = self._model.poses(state.joint_positions[self._index], state.orientation, np.zeros(3))
        robot = poses[self._model.model.body(self._body).id - 1, 3:].tolist()
        if self._is_turned and self._time_step == 0:
            half = (heading(robot) - heading(reference)) / 2.0
            self.turn = (math.cos(half), 0.0, 0.0, math.sin(half))
        w, x, y, z = robot
        rotation = matrix(quaternion_product((w, -x, -y, -z), quaternion_product(self.turn, reference)))
        self._anchor_seen[:] = rotation[:, :2].ravel()


def motion_of(bundle: Bundle, joint_names: Sequence[str]) -> Motion | None:
    """Return the motion of a tracking policy on a robot; None for other policies."""
    if not any(term.quantity == "motion" for term in bundle.card.observation_terms):
        return None
    inputs = zero_inputs(bundle.session)
    outputs = [*MOTION_OUTPUTS, *(name for name in (MOTION_POSITIONS,) if name in bundle.card.task_outputs)]

    def frame_at(time_step: int) -> Frame:
        for name in bundle.card.task_inputs:
            inputs[name][...] = time_step
        return dict(zip(outputs, bundle.session.run(outputs, inputs), strict=True))

    return Motion(bundle.card, frame_at, robot_of(bundle), joint_names)


def is_of_anchor(term: ObservationTerm) -> bool:
    """Tell whether a term is the orientation of the motion's anchor; else it is the motion's joints."""
    return term.function.endswith(MOTION_ANCHOR)
