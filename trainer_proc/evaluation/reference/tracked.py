"""The motion of a tracking policy in the training's simulator: its starts, and how well the robots follow."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainer_proc.contract.bundle.gate import motion_command_of
from trainer_proc.contract.quaternions import quaternion_product, rotated
from trainer_proc.deploy.bundle import Bundle
from trainer_proc.deploy.motion import motion_of
from trainer_proc.deploy.mujoco_robot import MujocoRobot
from trainer_proc.evaluation.held_motion import hold_motion
from trainer_proc.metrics.success.root import as_tensor
from trainer_proc.verification.tracking import Comparison, Tracker, joint_limit, motion_length
from trainer_proc.verification.trajectory import Floats


class TrackedMotion:
    """The motion that all environments of a task play from its beginning.

    The gate moves the motion to its robot; a training moves the robot to the motion, which is the same.
    """

    def __init__(self, bundle: Bundle, task: Any, robot: Any) -> None:
        """`robot` is the task's `Entity`. The bundle has a motion."""
        card = bundle.card
        motion, command = motion_of(bundle, card.joint_names), motion_command_of(card)
        assert motion is not None, "checked by judge_for"
        assert command is not None, "checked by judge_for"
        hold_motion(task.command_manager.get_term(command.name))
        self._card, self._motion, self._robot = card, motion, robot
        self._comparison = Comparison(card, card.joint_names)
        self._bodies = [list(robot.body_names).index(name) for name in command.bodies]
        self.steps = motion_length(card, motion)
        """Its length in control steps."""
        self.joint_limit = joint_limit(motion, self.steps)
        """Largest mean error of the joints in a success, rad."""
        self._frames = [motion.frame_at(step) for step in range(self.steps)]

    def first_pose(self, model: MujocoRobot) -> tuple[Floats, Floats]:
        """Return joints [J] (rad) and orientation [4] of the first frame. It replaces the model's state."""
        tracker = Tracker(self._card, self._motion, model)
        return tracker.first_joints, tracker.first_orientation()

    def root_at_motion(self, model: MujocoRobot) -> Floats:
        """Return position, orientation, and velocity of the base [13] of a robot in MuJoCo, moved to the motion."""
        qpos, qvel = model.data.qpos[:7].copy(), model.data.qvel[:6].copy()
        self._motion.reset()
        self._motion.advance(model.read())
        w, _, _, z = self._motion.turn
        back = np.array((w, 0.0, 0.0, -z))
        return np.concatenate(
            [
                rotated(back, qpos[:3] - self._motion.place),
                quaternion_product(back.tolist(), qpos[3:].tolist()),
                rotated(back, qvel[:3]),
                qvel[3:],
            ]
        )

    def state(self) -> dict[str, Floats]:
        """Return what is compared of all robots: the anchor's orientation [E, 4], the bodies' heights [E, bodies] m."""
        data = self._robot.data
        orientations, positions = as_tensor(data.body_link_quat_w), as_tensor(data.body_link_pos_w)
        anchor = self._bodies[self._comparison.anchor]
        return {
            "anchors": orientations[:, anchor].double().cpu().numpy().copy(),
            "heights": positions[:, self._bodies, 2].double().cpu().numpy().copy(),
        }

    def errors(self, joints: Floats, anchors: Floats, heights: Floats) -> tuple[Floats, Floats]:
        """Return the errors [T, 2] (rad) of one robot, and whether it is lost [T]; T is at most `steps`."""
        found = [
            self._comparison.errors(frame, joints[step], anchors[step].tolist(), heights[step])
            for step, frame in enumerate(self._frames[: len(joints)])
        ]
        return np.array([errors for errors, _ in found]).reshape(-1, 2), np.array([is_lost for _, is_lost in found])
