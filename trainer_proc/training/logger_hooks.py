"""Metrics and steering at the methods of rsl-rl's logger, which `OnPolicyRunner.learn` calls at the right moments.

In rsl-rl 5.4.2 and 5.5.1 these are `init_logging_writer` before the first iteration, `process_env_step` after every
environment step and `log` once per iteration, after the update.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

from trainer_proc.checkpoints.save import LiveCheckpoints
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.messages import TrainerBody
from trainer_proc.contract.products import CHECKPOINTS, CheckpointLoaded, WriteDelayed
from trainer_proc.metrics.episode_terms import EpisodeTerms
from trainer_proc.metrics.memory import MemoryWatch
from trainer_proc.metrics.observer import Observer
from trainer_proc.metrics.overflow import BufferOverflow
from trainer_proc.metrics.stream import MetricStream
from trainer_proc.metrics.success.rate import SuccessRate
from trainer_proc.metrics.terrain import SteeredTerrain
from trainer_proc.robot_stream.stream import RobotStream
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.interface import Actions
from trainer_proc.training.attach_periodic import BoundaryWork
from trainer_proc.training.fast import FastTraining
from trainer_proc.training.tracker_link import tracker_link

SUCCESS_RATE = "success rate"
"""Name of the success rate where it is left out."""
_EPISODE_TERMS = "terminations and rewards of terms"
ROBOT = "live view of the robot"
_MEMORY = "memory of the device"
OVERFLOW_CHECK = "check of the simulation's buffers"


class LoggerHooks:
    """What happens where rsl-rl calls its logger: metrics are collected and published, and steering acts."""

    def __init__(
        self,
        *,
        runner: Any,
        steering: Steering,
        actions: Actions,
        checkpoints: LiveCheckpoints,
        periodic: BoundaryWork,
        stream: MetricStream,
        emit: Callable[[TrainerBody], None],
        diagnostics: Any,
        success_rate: SuccessRate | None,
        terrain: SteeredTerrain | None,
        observer: Observer,
        overflow: BufferOverflow | None,
        robot: RobotStream | None,
        fast: FastTraining | None,
    ) -> None:
        self._runner = runner
        self._steering = steering
        self._actions = actions
        self._checkpoints = checkpoints
        self._periodic = periodic
        self._emit = emit
        self._observer = observer
        self._metrics = stream
        self._diagnostics = diagnostics
        self._success_rate = success_rate
        self._terrain = terrain
        self._terms = observer.attempt(_EPISODE_TERMS, lambda: EpisodeTerms(runner.env))
        self._robot = robot
        self._iteration = 0
        self._finished: int | None = None
        self._is_owed = False
        self._overflow = overflow
        if overflow is not None:
            steering.guards.overflow.problem = lambda: overflow.problem
        self._fast = fast
        self._memory = MemoryWatch(str(runner.device), emit)
        self._checks_for_nan = runner.cfg.get("check_for_nan", True)

    def install(self) -> None:
        """Wrap the logger's methods on the instance."""
        logger = self._runner.logger
        self._init_writer = logger.init_logging_writer
        self._process_step = logger.process_env_step
        self._log = logger.log
        logger.init_logging_writer = self._init_logging_writer
        logger.process_env_step = self._process_env_step
        logger.log = self._log_iteration

    def end(self, error: BaseException | None) -> None:
        """Save the last checkpoint if it is still missing; `error` has ended the training, if anything has."""
        if self._finished is not None:
            self._checkpoints.finish(self._finished, error)

    def _init_logging_writer(self, *args: Any, **kwargs: Any) -> None:
        try:
            self._init_writer(*args, **kwargs)
        except OSError as error:  # of the differences to git, which it writes last
            if self._runner.logger.writer is None:
                raise
            self._observer.is_missing("differences to git", one_line(error))
        writer = self._runner.logger.writer
        if writer is not None:
            self._observer.attempt("scalars of the library", lambda: self._metrics.tee(writer))
            self._observer.attempt("link of the tracker", lambda: self._link_tracker(writer))
        first_iteration = self._runner.current_learning_iteration
        if self._checkpoints.loaded:
            self._emit(CheckpointLoaded(first_iteration, self._checkpoints.loaded))
        self._iteration = first_iteration
        self._steering.start_iterating(first_iteration)
        if self._success_rate is not None:
            self._observer.attempt(SUCCESS_RATE, self._success_rate.begin)
        if self._terms is not None:
            self._observer.attempt(_EPISODE_TERMS, self._terms.begin)
        self._start_iteration()

    def _link_tracker(self, writer: Any) -> None:
        if (linked := tracker_link(writer)) is not None:
            self._emit(linked)

    def _process_env_step(self, *args: Any, **kwargs: Any) -> None:
        self._process_step(*args, **kwargs)
        if self._runner.logger.writer is None:
            return
        named = dict(zip(("rewards", "dones", "extras"), args, strict=False)) | kwargs
        success_rate, terms, overflow, robot = self._success_rate, self._terms, self._overflow, self._robot
        if success_rate is not None:
            self._observer.attempt(SUCCESS_RATE, lambda: success_rate.step(named["dones"], named["extras"]))
        if terms is not None:
            self._observer.attempt(_EPISODE_TERMS, terms.step)
        if overflow is not None:
            self._observer.attempt(OVERFLOW_CHECK, overflow.step)
        if robot is not None:
            self._observer.attempt(ROBOT, lambda: robot.step(self._iteration, named["rewards"], named["dones"]))

    def _log_iteration(self, *args: Any, **kwargs: Any) -> None:
        logger = self._runner.logger
        if self._overflow is not None and logger.writer is not None:  # before `log`, which synchronizes
            self._observer.attempt(OVERFLOW_CHECK, self._overflow.finish)
        try:
            self._log(*args, **kwargs)
        except OSError as error:  # of a print to a full disk or a closed pipe
            self._observer.is_missing("lines of the console", one_line(error))
            getattr(logger, "ep_extras", []).clear()  # which `log` does at its end
        iteration, last = self._numbers(args, kwargs)
        self._finished = iteration
        terrain = self._terrain
        of_terrain = self._observer.attempt("terrain", terrain.metrics) if terrain is not None else None
        published: dict[str, float] = {}
        if logger.writer is not None:
            self._write(self._own_metrics() | (of_terrain or {}), iteration)
            steps = getattr(logger, "tot_timesteps", 0)
            published = (
                self._observer.attempt_again(
                    "metrics", lambda: self._metrics.finish(iteration, steps, last - iteration)
                )
                or {}
            )
            self._observer.attempt(_MEMORY, self._memory.iteration_finished)
        self._periodic.last_iteration = last
        self._catch_up(iteration)
        self._steering.at_boundary(iteration, published | self._periodic.take(), self._actions)
        if iteration == last:
            self._periodic.finish(iteration, self._actions)
        self._iteration = iteration + 1
        self._start_iteration()

    def _catch_up(self, iteration: int) -> None:
        """Save a checkpoint that could not be written before, and report whether one is still missing."""
        self._checkpoints.catch_up(iteration)
        if bool(self._checkpoints.owed) != self._is_owed:
            self._is_owed = not self._is_owed
            self._emit(WriteDelayed(CHECKPOINTS, self._checkpoints.owed))

    def _write(self, own: dict[str, float], iteration: int) -> None:
        if own and not self._observer.attempt_again("metrics", lambda: self._metrics.write_together(own, iteration)):
            for name, value in own.items():
                self._runner.logger.writer.add_scalar(name, value, iteration)

    def _numbers(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[int, int]:
        """Return the number of the iteration that `log` is called for, and of the last one."""
        named = kwargs
        if args:  # of a user's own runner
            bound = self._observer.attempt("iterations left", lambda: signature(self._log).bind(*args, **kwargs))
            named = {**kwargs, **bound.arguments} if bound is not None else kwargs
        iteration = int(named.get("it", self._runner.current_learning_iteration))
        return iteration, int(named.get("total_it", iteration + 1)) - 1

    def _own_metrics(self) -> dict[str, float]:
        """Return the metrics that this program adds to the library's."""
        own: dict[str, float] = {}
        success = self._success_rate
        for what, collect in (
            ("diagnostics", self._diagnostics.collect),
            (SUCCESS_RATE, success.collect if success is not None else dict),
            (_EPISODE_TERMS, self._terms.collect if self._terms is not None else dict),
            (OVERFLOW_CHECK, self._overflow.collect if self._overflow is not None else dict),
            ("metrics of curricula", self._steering.curricula.metrics),
            ("progress towards the goal", self._steering.goal.metrics),
        ):
            own |= self._observer.attempt(what, collect) or {}
        if success is not None and success.problem:
            self._observer.is_missing(SUCCESS_RATE, success.problem)
        return own

    def _start_iteration(self) -> None:
        # a guard that acts on NaN needs the end of the iteration; rsl-rl would end the training in the rollout
        is_checked = self._checks_for_nan and not self._steering.guards.catches_not_finite
        if self._fast is not None:
            is_checked = self._fast.start_iteration(is_checked)
        self._runner.cfg["check_for_nan"] = is_checked
        self._metrics.start_clock()
