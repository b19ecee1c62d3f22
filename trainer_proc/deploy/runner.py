"""Runs a policy on a robot: observe, infer, target at the control rate, with a safe start and a damping stop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from curricula.errors import UserError
from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.errors import one_line
from trainer_proc.deploy.actions import Actions, limit_arrays
from trainer_proc.deploy.motion import Motion
from trainer_proc.deploy.observations import Observations, joint_index, project_gravity, require_measured
from trainer_proc.deploy.phases import Limits, Machine, Phase, Tick
from trainer_proc.deploy.robot import Floats, JointTargets, RobotInterface, RobotState
from trainer_proc.deploy.schedule import Durations, Schedule

JOINT_SLACK = 0.1
"""By how much (rad, m) a joint may be beyond its limits: those of a simulation give way, and sensors have offsets."""

_LENGTH_SLACK = 0.05
"""By how much the length of an IMU's quaternion may differ from 1."""


class Network(Protocol):
    """A policy's network, see `Policy`."""

    def act(self, observation: NDArray[np.float32]) -> NDArray[np.float32]: ...


Watcher = Callable[[Phase, RobotState], None]
"""Called after each control step with the robot's state."""


@dataclass
class Outcome:
    """How a run has ended, and how exact its loop was."""

    reason: str = ""
    """Why it was damped."""
    control_steps: int = 0
    """Steps that the policy has acted in."""
    missed: int = 0
    """Ticks of the loop that were left out."""
    work: Durations = field(default_factory=Durations)
    """Time of a control step: state, observation, inference, targets."""
    lateness: Durations = field(default_factory=Durations)
    """Time from a tick's deadline to its beginning."""


class Runner:
    """Runs one policy on one robot, once. `stop` may be called by signal handlers and other threads."""

    def __init__(
        self,
        card: PolicyCard,
        network: Network,
        robot: RobotInterface,
        limits: Limits,
        *,
        motion: Motion | None = None,
        loop_hz: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        watch: Watcher = lambda phase, state: None,
    ) -> None:
        """`loop_hz` is the rate at which states are checked and targets sent, a multiple of the control rate.

        `motion` is that of a tracking policy; its first pose replaces the default one at the start. `clock` is that of
        the states' times. Raises `BundleRefused` for a robot that the policy is not for.
        """
        require_measured(card, robot)
        self.observations = Observations(card, robot.joint_names, motion)
        """Its `commands` may be set at any time."""
        self._actions = Actions(card, robot.joint_names)
        if motion is not None:
            for place, name in enumerate(robot.joint_names):
                self._actions.default.position[place] = motion.start.get(name, self._actions.default.position[place])
        self._network, self._robot, self._limits, self._watch = network, robot, limits, watch
        rate = card.control_frequency or 0.0
        self._ticks_per_step = max(1, round((loop_hz or rate) / rate))
        self._clock, self._sleep = clock, sleep
        self._period = 1.0 / (rate * self._ticks_per_step)
        self._machine = Machine(clock())
        self._now: float | None = None
        """Time of the tick before."""
        self._guard = StateGuard(card, robot)
        self._gravity = np.zeros(3)
        self._state: RobotState | None = None
        self._targets: JointTargets = self._actions.default
        self._began: Floats | None = None
        self._stop = self._problem = ""
        self._next_step = 0
        """Tick of the next control step."""
        self._outcome = Outcome()

    @property
    def loop_hz(self) -> float:
        """Rate of the loop."""
        return 1.0 / self._period

    def stop(self, reason: str) -> None:
        """Damp in the next tick."""
        self._stop = self._stop or reason

    def run(self) -> Outcome:
        """Run until the robot is damped; it is damped at every end, exceptions too. What the robot raises is raised."""
        schedule = Schedule(self._period, self._clock, self._sleep)
        outcome = self._outcome
        outcome.lateness = schedule.lateness
        try:
            while self._machine.phase != "damped":
                now = schedule.wait()
                began = time.perf_counter()
                if self._tick(now, schedule.tick):
                    outcome.work.add(time.perf_counter() - began)
                    if self._state is not None:
                        self._watch(self._machine.phase, self._state)
        except UserError as error:
            outcome.reason = str(error)
            raise
        except Exception as error:
            outcome.reason = one_line(error)
            raise
        finally:
            outcome.reason = outcome.reason or self._machine.reason or "interrupted"
            outcome.missed = schedule.missed
            self._damp(schedule)
        return outcome

    def _damp(self, schedule: Schedule) -> None:
        """Damp until the robot has come to rest; a robot that no longer answers is told again and again."""
        self._robot.damp()
        end = self._clock() + self._limits.damp_seconds
        while self._clock() < end:
            schedule.wait()
            with suppress(Exception):
                state = self._robot.read()
                if state is not None:
                    self._watch("damped", state)
            self._robot.damp()

    def _tick(self, now: float, tick: int) -> bool:
        """Check the robot's state and send targets; return whether a control step was due."""
        state = self._robot.read()
        self._state = state
        before = self._machine.phase
        pause = 0.0 if self._now is None else now - self._now
        self._now = now
        seen = self._seen(now, state, pause)
        self._machine = self._machine.advanced(seen, self._limits)
        phase = self._machine.phase
        is_step = tick >= self._next_step or phase != before
        if is_step:  # from the first step on in equal distances, also where ticks were left out
            past = tick - self._next_step if phase == before else 0
            self._next_step = tick + self._ticks_per_step - past % self._ticks_per_step
        if phase == "damped" or state is None:
            self._robot.damp()
            return is_step
        if phase == "ramp":
            self._ramp(now, state, is_new=before != "ramp")
        elif phase == "run" and is_step:
            self._step(state)
        if self._problem:  # a network's NaN must not reach the robot
            self._machine = self._machine.advanced(self._seen(now, state), self._limits)
            self._robot.damp()
            return is_step
        self._robot.write(self._targets)
        return is_step

    def _seen(self, now: float, state: RobotState | None, pause: float = 0.0) -> Tick:
        if state is None:
            return Tick(now, None, stop=self._stop, pause=pause)
        project_gravity(state.orientation, self._gravity)
        upright = -float(self._gravity[2])
        tilt = math.nan if math.isnan(upright) else math.acos(min(max(upright, -1.0), 1.0))
        problem = self._problem or self._guard.problem(state)
        return Tick(now, state.time, tilt, problem, self._stop, pause)

    def _ramp(self, now: float, state: RobotState, *, is_new: bool) -> None:
        """Move the targets from the pose in which the robot was found to the default one."""
        default = self._actions.default
        if is_new or self._began is None:
            self._began = state.joint_positions.copy()
            self._targets = JointTargets(*(getattr(default, name).copy() for name in JointTargets.__slots__))
        share = self._machine.progress(now, self._limits)
        np.multiply(default.position, share, out=self._targets.position)
        self._targets.position += (1.0 - share) * self._began

    def _step(self, state: RobotState) -> None:
        limited = self._actions.limited(self._network.act(self.observations.observe(state)))
        if not np.isfinite(limited).all():
            self._problem = "the policy's action is NaN or infinite: check the observation, then verify the bundle"
            return
        self.observations.last_action[:] = limited
        self._targets = self._actions.targets(limited, state)
        self._outcome.control_steps += 1


class StateGuard:
    """Finds joints that are beyond their limits, and values that no sound sensor gives."""

    def __init__(self, card: PolicyCard, robot: RobotInterface) -> None:
        self._names = card.joint_names
        self._index = joint_index(card.joint_names, robot.joint_names, "joint_names")
        low, high = limit_arrays(card.joint_position_limits or [None] * len(card.joint_names))
        self._low, self._high = low - JOINT_SLACK, high + JOINT_SLACK
        self._positions = np.zeros(len(card.joint_names))

    def problem(self, state: RobotState) -> str:
        """Return what is wrong with a state, in one line; empty for nothing."""
        if state.problem:
            return state.problem
        positions = self._positions
        np.take(state.joint_positions, self._index, out=positions, mode="clip")
        inside = (positions >= self._low) & (positions <= self._high)  # False for NaN
        if not inside.all():
            worst = int(np.argmin(inside))
            low, high = self._low[worst] + JOINT_SLACK, self._high[worst] - JOINT_SLACK
            return f"{self._names[worst]} is at {positions[worst]:.2f} rad, limits {low:.2f} to {high:.2f} rad"
        length = float(np.linalg.norm(state.orientation))
        if not abs(length - 1.0) <= _LENGTH_SLACK:  # zeros of an IMU that has not started would mean upright
            return f"the orientation's quaternion has length {length:.2f}, expected 1: check the IMU"
        if not (np.isfinite(state.joint_velocities).all() and np.isfinite(state.base_ang_vel).all()):
            return "the robot's state has NaN or infinite velocities: check its sensors"
        return ""
