"""Compares a robot in MuJoCo with the motion that its policy tracks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.bundle.gate import LOST_HEIGHT, LOST_TILT, GateRefused, motion_command_of
from trainer_proc.contract.bundle.gate_plan import LONGEST_MOTION
from trainer_proc.contract.quaternions import quaternion_product
from trainer_proc.deploy.bundle import Bundle
from trainer_proc.deploy.card_checks import MOTION_POSITIONS
from trainer_proc.deploy.motion import Frame, Motion, motion_of
from trainer_proc.deploy.mujoco_robot import MujocoRobot
from trainer_proc.deploy.robot import Floats

Quaternion = Sequence[float]


def check_tracking(card: PolicyCard) -> None:
    """Raise `GateRefused` if it can't be known how well the policy tracks its motion."""
    if MOTION_POSITIONS not in card.task_outputs:
        raise GateRefused(
            f"policy.json: task_outputs: expected {MOTION_POSITIONS} of the motion, got "
            f"{', '.join(card.task_outputs) or 'none'}: export it again"
        )
    if not any(term.quantity == "motion" for term in card.observation_terms):
        raise GateRefused(
            "policy.json: observation_terms: expected a term of the motion, got none: it can't be followed"
        )


def motion_notes(bundle: Bundle) -> Iterator[str]:
    """Yield how much of the policy's motion is played; nothing without one."""
    motion = motion_of(bundle, bundle.card.joint_names)
    rate = bundle.card.control_frequency
    if motion is None or rate is None:
        return
    most = round(LONGEST_MOTION * rate)
    frames = motion_length(motion, most)
    if frames == most:
        yield f"the motion is longer than {LONGEST_MOTION:g} s, or rests throughout: that long it was played"
    else:
        yield f"motion of {frames / rate:.1f} s"


def motion_length(motion: Motion, most: int) -> int:
    """Return after how many frames a motion rests for good, at most `most`; also `most` for one that never moves."""
    last = motion.frame_at(most)
    for step in reversed(range(most)):
        frame = motion.frame_at(step)
        if any(not np.array_equal(frame[name], last[name]) for name in last):
            return min(step + 2, most)
    return most


class Tracker:
    """Follows one robot through an episode, one row a control step."""

    def __init__(self, card: PolicyCard, motion: Motion, robot: MujocoRobot) -> None:
        command = motion_command_of(card)
        assert command is not None, "checked by the plan"
        self._motion, self._robot = motion, robot
        self._bodies = [robot.model.body(name).id for name in command.bodies]
        self._anchor = command.bodies.index(command.body)
        self._joints = [card.robot_joint_names.index(name) for name in robot.joint_names]
        self._errors = (0.0, 0.0)
        self._rows: list[tuple[float, float]] = []

    @property
    def first_joints(self) -> Floats:
        """[J] positions of the robot's joints in the motion's first frame (rad)."""
        return np.array([self._motion.start[name] for name in self._robot.joint_names])

    def first_orientation(self) -> Floats:
        """[4] orientation of the base in the motion's first frame. It replaces the robot's state."""
        poses = self._robot.poses(self.first_joints, np.array([1.0, 0.0, 0.0, 0.0]), np.zeros(3))
        w, x, y, z = poses[self._bodies[self._anchor] - 1, 3:].tolist()
        reference = self._reference(self._motion.frame_at(0))
        return np.array(quaternion_product(reference, (w, -x, -y, -z)))

    def reset(self) -> None:
        """Begin another episode."""
        self._rows = []

    def is_lost(self) -> bool:
        """Compare the robot after a step with the frame that it should have followed; return whether it is lost."""
        data, frame = self._robot.data, self._motion.frame
        count = len(self._motion.joints) // 2
        joints = self._robot.read().joint_positions - self._motion.joints[:count][self._joints]
        reference = quaternion_product(self._motion.turn, self._reference(frame))
        orientation = data.xquat[self._bodies[self._anchor]].tolist()
        self._errors = (float(np.sqrt(np.mean(joints**2))), angle_between(reference, orientation))
        heights = np.abs(data.xpos[self._bodies, 2] - frame[MOTION_POSITIONS][0][:, 2])
        tilt = abs(_vertical(reference) - _vertical(orientation))
        return not (heights.max() <= LOST_HEIGHT and tilt <= LOST_TILT)  # also where it isn't finite

    def record(self) -> None:
        """Add the errors of the last comparison."""
        self._rows.append(self._errors)

    def errors(self) -> Floats:
        """[T, 2] what was recorded (rad)."""
        return np.array(self._rows, dtype=np.float64).reshape(-1, 2)

    def _reference(self, frame: Frame) -> Quaternion:
        """Return the orientation of the motion's anchor."""
        reference: list[float] = np.ravel(frame["body_quat_w"][0][self._anchor]).tolist()
        return reference


def angle_between(one: Quaternion, other: Quaternion) -> float:
    """Return the angle of the rotation from one unit quaternion to the other, rad."""
    return 2.0 * math.acos(min(abs(sum(a * b for a, b in zip(one, other, strict=True))), 1.0))


def _vertical(quaternion: Quaternion) -> float:
    """Return the cosine of the angle between a frame's z axis and the world's."""
    _, x, y, _ = quaternion
    return 1.0 - 2.0 * (x * x + y * y)
