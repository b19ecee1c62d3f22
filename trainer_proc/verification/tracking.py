"""Compares a robot with the motion that its policy tracks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.bundle.gate import (
    LEAST_JOINT_LIMIT,
    LOST_HEIGHT,
    LOST_TILT,
    RESTING_SHARE,
    TRACKING_LIMITS,
    GateRefused,
    motion_command_of,
)
from trainer_proc.contract.bundle.gate_plan import LONGEST_MOTION
from trainer_proc.contract.quaternions import quaternion_product
from trainer_proc.deploy.bundle import Bundle
from trainer_proc.deploy.motion import Frame, Motion, motion_of
from trainer_proc.deploy.mujoco_robot import MujocoRobot
from trainer_proc.deploy.robot import Floats
from trainer_proc.deploy.term_checks import MOTION_POSITIONS

Quaternion = Sequence[float]
_UNTURNED = (1.0, 0.0, 0.0, 0.0)


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
    frames = motion_length(bundle.card, motion)
    if frames == round(LONGEST_MOTION * rate):
        yield f"the motion is longer than {LONGEST_MOTION:g} s, or rests throughout: that long it was played"
    else:
        yield f"motion of {frames / rate:.1f} s"


def motion_length(card: PolicyCard, motion: Motion) -> int:
    """Return the motion's length in control steps, at most `LONGEST_MOTION`.

    A card that doesn't know it is of an older export. The motion then lasts until it rests for good, or that long.
    """
    command = motion_command_of(card)
    assert card.control_frequency is not None, "checked by load_bundle"
    most = round(LONGEST_MOTION * card.control_frequency)
    if command is not None and command.frames:
        return min(command.frames, most)
    last = motion.frame_at(most)
    for step in reversed(range(most)):
        frame = motion.frame_at(step)
        if any(not np.array_equal(frame[name], last[name]) for name in last):
            return min(step + 2, most)
    return most


def joint_limit(motion: Motion, steps: int) -> float:
    """Return the largest mean error of the joints in a success (rad), of a motion of so many control steps.

    A robot that ignores a squat is wrong in six joints only, so its error is small. It must not succeed.
    """
    joints = np.array([np.ravel(motion.frame_at(step)["joint_pos"]) for step in range(steps)])
    resting = float(np.sqrt(np.mean((joints - joints[0]) ** 2, axis=1)).mean())
    return min(TRACKING_LIMITS[0], max(RESTING_SHARE * resting, LEAST_JOINT_LIMIT))


class Comparison:
    """Compares a robot's state with a frame of its motion."""

    def __init__(self, card: PolicyCard, joint_names: Sequence[str]) -> None:
        """`joint_names` is the order of the robot's joints."""
        command = motion_command_of(card)
        assert command is not None, "checked by the plan"
        self.bodies = command.bodies
        """Bodies whose heights are compared."""
        self.anchor = command.bodies.index(command.body)
        """Place of the anchor in `bodies`."""
        self._joints = [card.robot_joint_names.index(name) for name in joint_names]

    def reference(self, frame: Frame) -> Quaternion:
        """Return the orientation of the motion's anchor."""
        reference: list[float] = np.ravel(frame["body_quat_w"][0][self.anchor]).tolist()
        return reference

    def errors(
        self, frame: Frame, joints: Floats, orientation: Quaternion, heights: Floats, turn: Quaternion = _UNTURNED
    ) -> tuple[tuple[float, float], bool]:
        """Return the errors of joints and anchor (rad), and whether the robot has lost its motion.

        `joints` [J] rad, `orientation` of the anchor, `heights` [bodies] m; `turn` is the motion's heading.
        """
        expected = np.ravel(frame["joint_pos"])[self._joints]
        reference = quaternion_product(turn, self.reference(frame))
        errors = float(np.sqrt(np.mean((joints - expected) ** 2))), angle_between(reference, orientation)
        apart = np.abs(heights - frame[MOTION_POSITIONS][0][:, 2])
        tilt = abs(_vertical(reference) - _vertical(orientation))
        return errors, not (apart.max() <= LOST_HEIGHT and tilt <= LOST_TILT)  # also where it isn't finite


class Tracker:
    """Follows one robot through an episode, one row a control step."""

    def __init__(self, card: PolicyCard, motion: Motion, robot: MujocoRobot) -> None:
        self._motion, self._robot = motion, robot
        self._comparison = Comparison(card, robot.joint_names)
        self._bodies = [robot.model.body(name).id for name in self._comparison.bodies]
        self._anchor = self._bodies[self._comparison.anchor]
        self._errors = (0.0, 0.0)
        self._rows: list[tuple[float, float]] = []

    @property
    def first_joints(self) -> Floats:
        """[J] positions of the robot's joints in the motion's first frame (rad)."""
        return np.array([self._motion.start[name] for name in self._robot.joint_names])

    def first_orientation(self) -> Floats:
        """[4] orientation of the base in the motion's first frame. It replaces the robot's state."""
        poses = self._robot.poses(self.first_joints, np.array(_UNTURNED), np.zeros(3))
        w, x, y, z = poses[self._anchor - 1, 3:].tolist()
        reference = self._comparison.reference(self._motion.frame_at(0))
        return np.array(quaternion_product(reference, (w, -x, -y, -z)))

    def reset(self) -> None:
        """Begin another episode."""
        self._rows = []

    def is_lost(self) -> bool:
        """Compare the robot after a step with the frame that it should have followed; return whether it is lost."""
        data = self._robot.data
        self._errors, is_lost = self._comparison.errors(
            self._motion.frame,
            self._robot.read().joint_positions,
            data.xquat[self._anchor].tolist(),
            data.xpos[self._bodies, 2],
            self._motion.turn,
        )
        return is_lost

    def record(self) -> None:
        """Add the errors of the last comparison."""
        self._rows.append(self._errors)

    def errors(self) -> Floats:
        """[T, 2] what was recorded (rad)."""
        return np.array(self._rows, dtype=np.float64).reshape(-1, 2)


def angle_between(one: Quaternion, other: Quaternion) -> float:
    """Return the angle of the rotation from one unit quaternion to the other, rad."""
    return 2.0 * math.acos(min(abs(sum(a * b for a, b in zip(one, other, strict=True))), 1.0))


def _vertical(quaternion: Quaternion) -> float:
    """Return the cosine of the angle between a frame's z axis and the world's."""
    _, x, y, _ = quaternion
    return 1.0 - 2.0 * (x * x + y * y)
