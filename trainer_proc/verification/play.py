"""Plays one episode of the gate's plan in MuJoCo, with the code that runs on the robot (`trainer_proc.deploy`)."""

from __future__ import annotations

import math
import zlib
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.bundle.gate import (
    SENSOR_NOISE,
    GateCell,
    Start,
    motion_command_of,
    push_step_of,
    start_of,
    steps_of,
    velocity_command_of,
    velocity_of,
)
from trainer_proc.contract.quaternions import heading, quaternion_product, rotated
from trainer_proc.deploy.actions import Actions, limit_arrays
from trainer_proc.deploy.bundle import Bundle
from trainer_proc.deploy.motion import motion_of
from trainer_proc.deploy.mujoco_robot import MujocoRobot, robot_of
from trainer_proc.deploy.observations import Observations
from trainer_proc.deploy.policy import Policy
from trainer_proc.deploy.robot import Floats, RobotState
from trainer_proc.verification.measured import measured
from trainer_proc.verification.recorder import Recorder
from trainer_proc.verification.success import Judge
from trainer_proc.verification.tracking import Tracker, joint_limit, motion_length
from trainer_proc.verification.trajectory import JointEnds, Trajectory

UPRIGHT = np.array([1.0, 0.0, 0.0, 0.0])
"""The base's orientation in the default pose."""
_INVERSE = np.array([1.0, -1.0, -1.0, -1.0])
"""Times a unit quaternion, it is the inverse rotation."""


class Player:
    """One robot with one policy, which plays episodes one after another; not for several threads at once."""

    def __init__(self, bundle: Bundle, judge: Judge) -> None:
        """`judge` is that of `success.judge_of`. Raises `BundleRefused`."""
        card = bundle.card
        assert card.control_frequency is not None, "checked by load_bundle"
        self._card, self._judge = card, judge
        self._robot = robot_of(bundle)
        self._policy = Policy(bundle)
        motion = motion_of(bundle, self._robot.joint_names)
        self._observations = Observations(card, self._robot.joint_names, motion)
        self._actions = Actions(card, self._robot.joint_names)
        self._step_s = 1.0 / card.control_frequency
        self._command = velocity_command_of(card)
        self._ends = joint_ends(card)
        self._tracker: Tracker | None = None
        self._default, self._upright = np.array(card.default_joint_positions), UPRIGHT
        self._motion_steps: int | None = None
        if motion is not None and motion_command_of(card) is not None:
            self._tracker = Tracker(card, motion, self._robot)
            self._default, self._upright = self._tracker.first_joints, self._tracker.first_orientation()
            self._motion_steps = motion_length(card, motion)
            self._joint_limit = joint_limit(motion, self._motion_steps)

    def play(self, cell: GateCell, episode: int) -> dict[str, float | None]:
        """Return the values of an episode by measure (`verification.MEASURES`); None where one isn't finite."""
        trajectory = self.trajectory(cell, episode)
        command = None if self._command is None else velocity_of(self._command, cell.command)
        return measured(trajectory, command, self._judge, self._ends)

    def trajectory(self, cell: GateCell, episode: int) -> Trajectory:
        """Play an episode until it or its motion is over, or the robot falls or loses it; return what happened."""
        robot, observations, tracker = self._robot, self._observations, self._tracker
        steps = steps_of(cell, self._step_s, self._motion_steps)
        pushed_at = push_step_of(cell, self._step_s, self._motion_steps)
        noise = _Noise(cell, episode)
        self._begin(cell, episode)
        recorder = Recorder(robot, self._card.base_body, self._step_s, steps)
        late: deque[Floats] = deque(maxlen=cell.latency_steps + 1)
        survived = True
        for step in range(steps):
            if step == pushed_at:
                _push(robot, cell)
            state = robot.read()
            limited = self._actions.limited(self._policy.act(observations.observe(noise.added(state))))
            observations.last_action[:] = limited
            late.append(limited.copy())
            robot.write(self._actions.targets(late[0], state))
            robot.step()
            survived = not (recorder.has_fallen() if tracker is None else robot.has_diverged() or tracker.is_lost())
            if not survived or step == steps - 1:
                break  # the state after the last step isn't recorded, as in a training
            recorder.record(limited)
            if tracker is not None:
                tracker.record()
        trajectory = recorder.trajectory(survived)
        if tracker is None:
            return trajectory
        return replace(trajectory, tracking=tracker.errors(), joint_limit=self._joint_limit)

    def _begin(self, cell: GateCell, episode: int) -> None:
        robot, observations = self._robot, self._observations
        robot.strength = cell.motor_strength
        start = start_of(cell, episode, len(self._card.joint_names))
        put(robot, self._default, start, self._upright)
        if self._tracker is not None:
            self._tracker.reset()
        self._policy.reset()
        observations.reset()
        if self._command is not None:
            observations.commands[self._command.name][:] = cell.command


def put(robot: MujocoRobot, joints: Floats, start: Start, upright: Floats = UPRIGHT) -> None:
    """Reset the robot to the start of an episode, which is relative to `joints` [J] and the orientation `upright`."""
    orientation = np.array(quaternion_product(upright.tolist(), _quaternion(start.roll, start.pitch)))
    robot.reset(
        joints + start.joint_offsets,
        orientation=orientation.tolist(),
        velocity=(*start.linear_velocity, *rotated(_INVERSE * orientation, np.array(start.angular_velocity)).tolist()),
        lift=start.lift,
    )


def joint_ends(card: PolicyCard) -> JointEnds:
    """Return the limits of the actuated joints as the card has them."""
    positions = card.joint_position_limits or [None] * len(card.joint_names)
    return JointEnds(
        positions=np.stack(limit_arrays(positions), axis=1),
        efforts=np.stack(limit_arrays(card.joint_effort_limits), axis=1),
    )


class _Noise:
    """Uniform noise of the sensors, the same for the same episode."""

    def __init__(self, cell: GateCell, episode: int) -> None:
        self._factor = cell.noise
        self._random = np.random.default_rng([zlib.crc32(cell.name.encode()), episode])

    def added(self, state: RobotState) -> RobotState:
        if not self._factor:
            return state
        return replace(
            state,
            joint_positions=state.joint_positions + self._of("joint_pos", len(state.joint_positions)),
            joint_velocities=state.joint_velocities + self._of("joint_vel", len(state.joint_velocities)),
            base_ang_vel=state.base_ang_vel + self._of("base_ang_vel", 3),
            orientation=_tilted(state.orientation, self._of("projected_gravity", 3)),
        )

    def _of(self, quantity: str, count: int) -> Floats:
        most = self._factor * SENSOR_NOISE[quantity]
        return self._random.uniform(-most, most, count)


def _push(robot: MujocoRobot, cell: GateCell) -> None:
    """Change the base's velocity in the axes of its heading."""
    assert cell.push is not None
    angle = heading(robot.data.qpos[3:7].tolist())
    ahead, left = cell.push.forward, cell.push.left
    cosine, sine = math.cos(angle), math.sin(angle)
    robot.push((cosine * ahead - sine * left, sine * ahead + cosine * left, 0.0))


def _quaternion(roll: float, pitch: float) -> Sequence[float]:
    """Return the quaternion (w, x, y, z) of a pitch, then a roll about the new axis."""
    pitched = (math.cos(pitch / 2), 0.0, math.sin(pitch / 2), 0.0)
    return quaternion_product(pitched, (math.cos(roll / 2), math.sin(roll / 2), 0.0, 0.0))


def _tilted(orientation: Floats, angles: Floats) -> Floats:
    """Return an orientation, turned by small angles (rad) about its own axes."""
    turned = np.array(quaternion_product(orientation.tolist(), (1.0, *(angles / 2).tolist())))
    tilted: Floats = turned / np.linalg.norm(turned)
    return tilted
