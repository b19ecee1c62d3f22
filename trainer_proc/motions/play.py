"""Plays a plan in the simulator: the targets over time, with the landing noticed where it happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trainer_proc.motions.plan import Keyframe, Plan
from trainer_proc.motions.robot import ANKLE, Floats, Robot

_FLIGHT_S = 0.1
"""Time without a contact after which the robot is in flight (s), so that a stumble is none."""
_FALLEN = 0.25
"""Height of the centre of mass below which playing ends (m)."""


@dataclass(frozen=True)
class Played:
    """A motion of T control steps; shorter than asked for if the robot fell."""

    step_dt: float
    qpos: Floats
    """[T, nq]."""
    qvel: Floats
    """[T, nv]."""
    torques: Floats
    """[T, motors] (N·m)."""
    targets: Floats
    """Of the joints' motors, from the frame before to this one [T, joints] (rad)."""
    centre: Floats
    """Centre of mass [T, 3] (m)."""
    turn: Floats
    """Pitch with whole turns [T] (rad); backward is negative."""
    contacts: Floats
    """Whether feet, and other parts, touch the ground, and the robot itself [T, 3]; 0 or 1."""
    take_off: int
    """First step of the flight; T without one."""
    touchdown: int
    """First step with a contact after the flight; T without one."""
    is_whole: bool
    """Whether the robot did not fall."""


def play(
    robot: Robot, plan: Plan, seconds: float, is_hopeless: Callable[[Robot], bool] = lambda robot: False
) -> Played:
    """Play the plan for a time, from the default pose on.

    It ends early if the robot falls, or if it lands and `is_hopeless` then.
    """
    robot.reset()
    rows, count = [], round(seconds / robot.step_dt)
    take_off = touchdown = count
    air_steps = 0
    timeline = _Timeline(plan)
    for number in range(count):
        is_flying, has_landed = take_off < count, touchdown < count
        targets, frame = timeline.at(number * robot.step_dt, has_landed)
        robot.step(*_balanced(robot, plan, targets) if frame.balances else (targets, 0.0))
        contacts = robot.contacts()
        rows.append((robot.data.qpos.copy(), robot.data.qvel.copy(), robot.data.actuator_force.copy(),
                     robot.targets(), robot.centre_of_mass(), robot.turn, contacts))  # fmt: skip
        touches = contacts[0] or contacts[1]
        air_steps = 0 if touches else air_steps + 1
        if not is_flying and air_steps * robot.step_dt > _FLIGHT_S:
            take_off = number - air_steps + 1
        if is_flying and not has_landed and touches:
            touchdown = number
            if is_hopeless(robot):
                break
        if rows[-1][4][2] < _FALLEN:
            break
    columns = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    qpos, qvel, torques, followed, centre, turn, touched = columns
    return Played(
        robot.step_dt, qpos, qvel, torques, followed, centre, turn, touched, min(take_off, len(rows)),
        min(touchdown, len(rows)), len(rows) == count,
    )  # fmt: skip


class _Timeline:
    """Where in a plan the time is."""

    def __init__(self, plan: Plan) -> None:
        self._frames = plan.keyframes
        self._number = 0
        self._start = 0.0
        self._before = self._targets = np.array(plan.keyframes[0].targets)

    def at(self, time: float, has_landed: bool) -> tuple[Floats, Keyframe]:
        """Return targets [6] (rad) and the keyframe of a time (s), which never decreases."""
        while self._number < len(self._frames) - 1 and time - self._start >= self._end(time, has_landed) - 1e-9:
            self._start += self._end(time, has_landed)
            self._before = self._targets
            self._number += 1
        frame = self._frames[self._number]
        share = min((time - self._start) / frame.ramp, 1.0)
        self._targets = self._before + share * (np.array(frame.targets) - self._before)
        return self._targets, frame

    def _end(self, time: float, has_landed: bool) -> float:
        """Return the length of the keyframe (s): one that a landing ends, ends with it."""
        seconds = self._frames[self._number].seconds
        return time - self._start if np.isinf(seconds) and has_landed else seconds


def _balanced(robot: Robot, plan: Plan, targets: Floats) -> tuple[Floats, float]:
    """Return targets of the joints and of the ankles' roll that push the centre of mass back over the feet."""
    away, speed = robot.balance()
    forward, damping, place = plan.gains
    pitch, roll = forward * (away - (place, 0.0)) + damping * speed
    targets = targets.copy()
    targets[ANKLE] += pitch
    return targets, -float(roll)
