"""A backflip of the G1: keyframes to begin with, and what makes a plan better.

The keyframes are those of any flip: crouch, push, tuck, open, land. Where they lead is left to physics: every plan is
played with the task's own motors and torque limits, without any assist, so each motion can be carried out in the
simulator. The search samples plans, as the predictive sampling of MuJoCo MPC does (Howell et al. 2022,
arXiv:2212.00541), but whole motions at a time and by CMA-ES (Hansen 2016, arXiv:1604.00772).
"""

from __future__ import annotations

import math

import numpy as np

from trainer_proc.motions.motion import Motion
from trainer_proc.motions.plan import Keyframe, Plan
from trainer_proc.motions.play import Played
from trainer_proc.motions.robot import SAGITTAL, Floats, Robot

_JUDGED_S = 3.2
_START = Plan(
    keyframes=(
        # hip, knee, ankle, waist, shoulder, elbow (rad)
        Keyframe("stand", 0.104, 0.1, (-0.32, 0.69, -0.38, -0.01, 0.17, 0.57), balances=True),
        Keyframe("crouch", 0.391, 0.4, (-0.86, 3.03, -0.75, 0.69, 0.38, 0.28), balances=True),
        Keyframe("push", 0.100, 0.04, (0.03, 2.28, 0.08, -0.75, -3.4, 0.91)),
        Keyframe("take off", 0.139, 0.04, (0.83, -0.72, 0.95, -1.14, -4.41, 0.26)),
        Keyframe("tuck", 0.171, 0.06, (-3.25, 2.39, 0.15, 0.13, -1.1, 0.27)),
        Keyframe("turn", 0.192, 0.06, (-2.6, 2.48, -0.13, 0.43, -0.35, 0.62)),
        Keyframe("open", 0.194, 0.08, (-1.11, 0.54, -0.57, 0.16, -0.43, 0.81)),
        Keyframe("land", math.inf, 0.1, (-1.97, 0.78, -0.21, 0.24, 0.61, 0.58)),
        Keyframe("absorb", 0.123, 0.1, (-0.44, 1.49, -1.55, 0.69, -1.73, 0.7), balances=True),
        Keyframe("stand again", math.inf, 0.5, (-0.28, 0.73, -0.33, -0.03, 0.3, 0.6), balances=True),
    ),
    gains=(5.22, 0.74, 0.05),
)
"""Where the search begins, as an earlier search has found it: it turns over and lands, but falls then."""

_TURN = -2.0 * math.pi
_SAVED = 1.2
"""Tilt at the touchdown beyond which no landing was saved (rad)."""
_HIGHEST = 1.05
"""Centre of mass above which a higher flight is no better (m)."""
_LANDED_S = 0.8
"""Time after the touchdown in which standing errors count more and more (s)."""


def _cost(robot: Robot, played: Played) -> float:
    """Return how bad a motion is: a jump is better than none, then a turn, a landing on feet, and standing still."""
    steps = len(played.turn)
    highest = float(played.centre[:, 2].max())
    always = played.step_dt * float(_strain(robot, played).sum())
    if played.take_off == steps:
        return 200.0 - 20.0 * highest + always
    if played.touchdown == steps:
        return 150.0 - 20.0 * highest + always
    touchdown = played.touchdown
    landing = 8.0 * abs(played.turn[touchdown] - _TURN) + (0.0 if played.contacts[touchdown, 0] else 5.0)
    drift = max(0.0, abs(played.qpos[-1, 0]) - 0.4) + abs(played.qpos[-1, 1])
    missing = _JUDGED_S - steps * played.step_dt
    after = played.step_dt * float(_standing_error(robot, played).sum()) + 10.0 * missing
    return float(landing - 20.0 * min(highest, _HIGHEST) + 15.0 * drift + 4.0 * after + always)


def _is_hopeless(robot: Robot) -> bool:
    """Return whether a robot that has just landed is too far from upright to stand."""
    return abs(robot.turn - _TURN) > _SAVED


def _strain(robot: Robot, played: Played) -> Floats:
    """Return what a motion should avoid, for each step [T]."""
    joints = played.qpos[:, 7:]
    beyond = np.maximum(robot.soft_limits[:, 0] - joints, 0.0) + np.maximum(joints - robot.soft_limits[:, 1], 0.0)
    speed = np.maximum(np.abs(played.qvel[:, 6:]) - robot.speed_limits, 0.0)
    torque = np.square(played.torques / robot.torque_limits).mean(-1)
    on_else, on_itself = played.contacts[:, 1], played.contacts[:, 2]
    strain: Floats = 150.0 * beyond.sum(-1) + 0.5 * speed.sum(-1) + 5.0 * torque + 10.0 * on_else + 5.0 * on_itself
    return strain


def _standing_error(robot: Robot, played: Played) -> Floats:
    """Return how far the robot is from standing still after the turn, for each step from the touchdown on."""
    after = slice(played.touchdown, None)
    turn, height = played.turn[after] - _TURN, played.qpos[after, 2] - robot.standing_height
    joints = played.qpos[after, 7:] - robot.standing_joints
    error = 4.0 * turn**2 + 20.0 * height**2 + 0.5 * np.square(joints).sum(-1) / len(SAGITTAL) / 2.0
    error += 8.0 * np.square(played.qpos[after, 4:7:2]).sum(-1)
    error += 0.3 * np.square(played.qvel[after, :3]).sum(-1) + 0.05 * played.qvel[after, 4] ** 2
    since = np.arange(len(error)) * played.step_dt
    counted: Floats = np.minimum(error, 20.0) * np.minimum(since / _LANDED_S, 1.0)
    return counted


BACKFLIP = Motion(start=_START, seconds=2.7, judged_seconds=_JUDGED_S, cost=_cost, is_hopeless=_is_hopeless)
