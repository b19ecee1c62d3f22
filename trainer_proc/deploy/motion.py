"""The motion that a tracking policy follows: its frames come out of the policy's own network, by time step.

The policy observes the motion's joints, the motion's anchor body as seen from the robot's, and the robot's own bodies.
A robot knows the orientation of its anchor by its IMU, its joints and its model; only a simulation knows the position.
Its heading and place are arbitrary, so the motion is moved to them once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.bundle.description import ObservationTerm
from trainer_proc.contract.quaternions import heading, matrix, quaternion_product, rotated
from trainer_proc.deploy.bundle import Bundle, zero_inputs
from trainer_proc.deploy.mujoco_robot import MujocoRobot, robot_of
from trainer_proc.deploy.observations import joint_index
from trainer_proc.deploy.robot import Floats, RobotState
from trainer_proc.deploy.term_checks import MOTION_OUTPUTS, MOTION_POSITIONS, MotionTerm, motion_term

Frame = Mapping[str, Any]
"""Outputs of `MOTION_OUTPUTS` at one time step: [1, joints] and [1, bodies, 4]; of `MOTION_POSITIONS` if there: [1,
bodies, 3] m."""
_NOWHERE = np.zeros(3)


class Motion:
    """The motion's present frame, from the beginning on."""

    def __init__(
        self,
        card: PolicyCard,
        frame_at: Callable[[int], Frame],
        model: MujocoRobot,
        joint_names: Sequence[str],
        *,
        is_moved: bool = True,
    ) -> None:
        """`model` is a robot of its own, which is never simulated; `joint_names` is the order of the robot's states.

        `is_moved` moves the motion to the robot's first heading and place.
        """
        command = next(one for one in card.commands if one.kind == "motion")
        self.frame_at = frame_at
        self._model, self._is_moved = model, is_moved
        self._index = joint_index(card.joint_names, joint_names, "joint_names")
        self._anchor = command.bodies.index(command.body)
        self._rows = [model.model.body(name).id - 1 for name in command.bodies]
        self.start = dict(zip(card.robot_joint_names, np.ravel(frame_at(0)["joint_pos"]).tolist(), strict=True))
        """Position of each joint in the first frame."""
        self.joints = np.zeros(2 * len(card.robot_joint_names))
        """Positions, then velocities, in the order of `robot_joint_names`."""
        self._seen: dict[MotionTerm, Floats] = {
            "joints": self.joints,
            "anchor_position": np.zeros(3),
            "anchor_orientation": np.zeros(6),
            "body_positions": np.zeros(3 * len(command.bodies)),
            "body_orientations": np.zeros(6 * len(command.bodies)),
        }
        self._asked = {kind for term in card.observation_terms if (kind := motion_term(term)) is not None}
        self.turn = (1.0, 0.0, 0.0, 0.0)
        """From the motion's heading to the robot's first one, as a quaternion."""
        self.place = np.zeros(3)
        """From the motion's place to the robot's first one, horizontally (m), after the turn."""
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
        self._see_bodies(state, frame)
        self._time_step += 1

    def value(self, term: ObservationTerm) -> Floats:
        """Return the array with a term's value, which `advance` changes."""
        kind = motion_term(term)
        assert kind is not None, "checked by not_made"
        return self._seen[kind]

    def _see_bodies(self, state: RobotState, frame: Frame) -> None:
        """Write where the motion's anchor and the robot's bodies are, seen from the robot's anchor."""
        place = _NOWHERE if state.base_position is None else state.base_position
        poses = self._model.poses(state.joint_positions[self._index], state.orientation, place)[self._rows]
        anchor, (w, x, y, z) = poses[self._anchor, :3], poses[self._anchor, 3:].tolist()
        inverse = (w, -x, -y, -z)
        reference = np.ravel(frame["body_quat_w"][0][self._anchor]).tolist()
        if self._time_step == 0 and self._is_moved:
            half = (heading((w, x, y, z)) - heading(reference)) / 2.0
            self.turn = (math.cos(half), 0.0, 0.0, math.sin(half))
        seen = matrix(quaternion_product(inverse, quaternion_product(self.turn, reference)))
        self._seen["anchor_orientation"][:] = seen[:, :2].ravel()
        if MOTION_POSITIONS in frame:
            position = rotated(np.array(self.turn), np.ravel(frame[MOTION_POSITIONS][0][self._anchor]).astype(float))
            if self._time_step == 0 and self._is_moved:
                self.place[:2] = (anchor - position)[:2]
            self._seen["anchor_position"][:] = rotated(np.array(inverse), position + self.place - anchor)
        if "body_positions" in self._asked:
            seen_bodies = [rotated(np.array(inverse), pose[:3] - anchor) for pose in poses]
            self._seen["body_positions"][:] = np.ravel(seen_bodies)
        if "body_orientations" in self._asked:
            turned = [matrix(quaternion_product(inverse, pose[3:].tolist()))[:, :2] for pose in poses]
            self._seen["body_orientations"][:] = np.ravel(turned)


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
