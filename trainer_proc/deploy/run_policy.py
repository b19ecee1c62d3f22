"""Runs a bundle's policy on a robot as a request asks: load, connect, run, show, report."""

from __future__ import annotations

import gc
import math
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import FrameType

import numpy as np

from curricula.errors import UsageError, UserError
from trainer_proc.contract.bundle.card import ONNX, PolicyCard
from trainer_proc.contract.bundle.description import Command
from trainer_proc.contract.bundle.run_request import PolicyRun, RunPolicyRequest, check_request
from trainer_proc.contract.garbage import without_garbage_collection
from trainer_proc.contract.robot import RobotState as Picture
from trainer_proc.contract.rollout import RolloutHeader, write_rollout
from trainer_proc.contract.worker import Progress
from trainer_proc.contract.worker_main import Report
from trainer_proc.deploy.bundle import Bundle, load_bundle
from trainer_proc.deploy.motion import motion_of
from trainer_proc.deploy.mujoco_robot import robot_of
from trainer_proc.deploy.phases import TIME_IS_OVER, Limits, Phase
from trainer_proc.deploy.picture import Painter
from trainer_proc.deploy.policy import Policy
from trainer_proc.deploy.real_time import RealTimeRobot
from trainer_proc.deploy.robot import RobotInterface, RobotState
from trainer_proc.deploy.runner import Outcome, Runner
from trainer_proc.deploy.telemetry import PICTURE_SECONDS, Telemetry, telemetry_folder

_LONGEST_PAUSE = 0.2
"""Seconds for which a real robot may be left alone; the worst of 165,000 ticks began 0.011 s late."""
_SHORTEST_STALE = 0.01
"""Seconds: states of a robot come with a jitter of milliseconds."""
_INTERRUPTED = "interrupted"
_TOLERANCE = 1e-6


def run_policy(request: RunPolicyRequest, report: Report) -> PolicyRun:
    """Run the policy until its time is over, it is interrupted, or a limit is exceeded. Raises `UserError`.

    SIGINT, SIGTERM and SIGHUP stop it: the robot is damped in the next tick.
    """
    check_request(request)
    bundle = load_bundle(Path(request.bundle))
    command = asked_command(bundle.card, request.command)
    signals = _StopSignals()
    with ExitStack() as stack:
        robot = _connect(bundle, request)
        stack.callback(robot.close)
        watcher = _Watcher(bundle, robot, request, report, stack)
        runner = Runner(
            bundle.card,
            Policy(bundle),
            robot,
            _limits(request, bundle.card),
            motion=motion_of(bundle, robot.joint_names),
            loop_hz=_loop_hz(request),
            watch=watcher,
        )
        watcher.follow(runner)
        for name, values in command.items():
            runner.observations.commands[name][:] = values
        signals.pass_to(runner.stop)
        gc.collect()
        with without_garbage_collection():  # a collection would take milliseconds of a tick
            outcome = runner.run()
        return _result(bundle.card, outcome, watcher, command, runner.loop_hz)


def asked_command(card: PolicyCard, values: tuple[float, ...]) -> dict[str, tuple[float, ...]]:
    """Return the command by its name. Raises `UsageError` for values that the policy was not trained for."""
    if not values:
        return {}
    if not (card.commands and card.commands[0].parts):
        raise UsageError("expected no --command, got one: this policy has none")
    asked = card.commands[0]
    if len(values) != len(asked.parts):
        names = ",".join(part.name for part in asked.parts)
        raise UsageError(f"expected {len(asked.parts)} values ({names}), got {len(values)}")
    for part, value in zip(asked.parts, values, strict=True):
        if not part.low - _TOLERANCE <= value <= part.high + _TOLERANCE:
            raise UsageError(
                f"expected {part.name} from {part.low:g} to {part.high:g} {part.unit}, as trained, got {value:g}"
            )
    return {asked.name: values}


def _limits(request: RunPolicyRequest, card: PolicyCard) -> Limits:
    assert card.control_frequency is not None, "checked by load_bundle"
    return Limits(
        ramp_seconds=request.ramp_seconds,
        run_seconds=request.seconds,
        damp_seconds=request.damp_seconds,
        pause_seconds=_LONGEST_PAUSE if request.robot == "unitree" else math.inf,  # a simulation waits
        max_tilt=request.max_tilt,
        stale_seconds=request.stale_seconds or max(1.0 / card.control_frequency, _SHORTEST_STALE),
    )


def _loop_hz(request: RunPolicyRequest) -> float | None:
    return request.loop_hz or (500.0 if request.robot == "unitree" else None)


def _connect(bundle: Bundle, request: RunPolicyRequest) -> RobotInterface:
    if request.robot == "unitree":
        from trainer_proc.deploy.unitree.connect import connect

        return connect(bundle, request.interface, request.domain)
    robot = RealTimeRobot(robot_of(bundle))
    robot.is_held = True
    return robot


class _StopSignals:
    """Turns SIGINT, SIGTERM and SIGHUP into a stop, from now on: a robot must not be left by an exception."""

    def __init__(self) -> None:
        self._is_asked = False
        self._stop: Callable[[str], None] | None = None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._handle)

    def pass_to(self, stop: Callable[[str], None]) -> None:
        """Call `stop` for each signal, one that has come before too."""
        self._stop = stop
        if self._is_asked:
            stop(_INTERRUPTED)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._is_asked = True
        if self._stop is not None:
            self._stop(_INTERRUPTED)


class _Watcher:
    """Follows a run: lets a simulated robot out of its frame, shows it, records it, and sums its velocity."""

    def __init__(
        self, bundle: Bundle, robot: RobotInterface, request: RunPolicyRequest, report: Report, stack: ExitStack
    ) -> None:
        self.commands: dict[str, np.ndarray] = {}
        self.pictures: list[Picture] = []
        self.seconds = 0.0
        self._robot, self._request, self._report = robot, request, report
        self._painter: Painter | None = None
        self._telemetry: Telemetry | None = None
        if bundle.robot_model is not None and (request.log_root or request.record):
            self._painter = Painter(bundle.card, robot_of(bundle), list(robot.joint_names))
        if self._painter is not None and request.log_root:
            folder = telemetry_folder(Path(request.log_root), bundle.card.run)
            detail = f"policy of iteration {bundle.card.iteration} on {request.robot}"
            try:
                self._telemetry = Telemetry(folder, bundle.card, self._painter.scene, detail)
            except OSError as error:
                raise UserError(f"the run can't be shown: {error}", hint="choose another folder with --logs") from error
            stack.callback(self._telemetry.close)
        self._began = self._acts_since = self._reported = self._next_record = time.monotonic()
        self._step = self._steps = 0
        self._sum = np.zeros(3)
        self._phase: Phase = "wait"

    def follow(self, runner: Runner) -> None:
        """Show the runner's commands, and let viewers stop it."""
        self.commands = runner.observations.commands
        if self._telemetry is not None:
            self._telemetry.stop = runner.stop

    def __call__(self, phase: Phase, state: RobotState) -> None:
        now = time.monotonic()
        self._step += 1
        if phase != self._phase:
            self._phase = phase
            if phase == "run":
                self._acts_since = now
            if isinstance(self._robot, RealTimeRobot):
                self._robot.is_held = phase in ("wait", "ramp")
        if phase == "run":
            self.seconds = now - self._acts_since
            if state.base_lin_vel is not None:
                self._sum += (state.base_lin_vel[0], state.base_lin_vel[1], state.base_ang_vel[2])
                self._steps += 1
        if now - self._reported >= 1.0:
            self._reported = now
            self._report(Progress(int(self.seconds), math.ceil(self._request.seconds), phase))
        self._paint(now, state)

    def _paint(self, now: float, state: RobotState) -> None:
        painter = self._painter
        if painter is None:
            return

        def picture() -> Picture:
            return painter.picture(state, step=self._step, seconds=now - self._began, command=self.commands)

        if self._telemetry is not None:
            self._telemetry.show(picture)
        if self._request.record and now >= self._next_record:
            self._next_record += PICTURE_SECONDS
            self.pictures.append(picture())

    @property
    def velocity(self) -> tuple[float, float, float] | None:
        """Mean forward and lateral velocity (m/s) and yaw rate (rad/s); None if not measured."""
        if not self._steps:
            return None
        forward, lateral, yaw = (self._sum / self._steps).tolist()
        return forward, lateral, yaw

    def write_record(self, card: PolicyCard, command: dict[str, tuple[float, ...]]) -> tuple[str, str]:
        """Write the rollout that was asked for; return its path, and why it is missing: the run is over and counts."""
        if not (self._request.record and self._painter is not None and self.pictures):
            return "", ""
        header = RolloutHeader(
            task=card.task,
            backend=card.backend,
            run=card.run,
            policy=ONNX,
            iteration=card.iteration if card.iteration >= 0 else None,
            seconds=self.seconds,
            state_seconds=PICTURE_SECONDS,
            command=next(iter(command.values()), ()),
            notes=(f"run on {self._request.robot}, from the safe start to the end of damping",),
            made_with=card.versions,
            made=datetime.now().astimezone().isoformat(timespec="seconds"),
        )
        try:
            write_rollout(Path(self._request.record), header, self._painter.scene, self.pictures)
        except OSError as error:
            return "", f"the rollout can't be written: {error}"
        return self._request.record, ""


def _result(
    card: PolicyCard, outcome: Outcome, watcher: _Watcher, command: dict[str, tuple[float, ...]], loop_hz: float
) -> PolicyRun:
    asked: Command | None = card.commands[0] if card.commands and command else None
    names = [part.name for part in asked.parts] if asked is not None else []
    record, problem = watcher.write_record(card, command)
    return PolicyRun(
        reason=outcome.reason,
        is_complete=outcome.reason == TIME_IS_OVER,
        control_steps=outcome.control_steps,
        seconds=watcher.seconds,
        control_hz=card.control_frequency or 0.0,
        loop_hz=loop_hz,
        missed=outcome.missed,
        work_p50=outcome.work.quantile(0.5),
        work_p99=outcome.work.quantile(0.99),
        work_worst=outcome.work.worst,
        lateness_p99=outcome.lateness.quantile(0.99),
        lateness_worst=outcome.lateness.worst,
        command=dict(zip(names, next(iter(command.values()), ()), strict=False)),
        velocity=watcher.velocity,
        record=record,
        problem=problem,
    )
