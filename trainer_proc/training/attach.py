"""Attaches metrics and steering to an rsl-rl runner, without a fork of rsl-rl.

`OnPolicyRunner.learn` has no callbacks, but calls its logger's methods at the right moments. `LoggerHooks` wraps them
on the instance. `trainer_proc.rl_libraries` gives other libraries' trainings the same interface.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trainer_proc.checkpoints.save import LiveCheckpoints
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.messages import TrainerBody
from trainer_proc.contract.monitoring import LeftOut
from trainer_proc.contract.products import ExportFailed
from trainer_proc.metrics.nan_guard import (
    has_finite_weights,
    reset_non_finite_environments,
    tolerate_non_finite_actions,
    tolerate_non_finite_updates,
)
from trainer_proc.metrics.observer import Observer
from trainer_proc.metrics.overflow import BufferOverflow
from trainer_proc.metrics.ppo_diagnostics import PpoDiagnostics
from trainer_proc.metrics.stream import MetricStream
from trainer_proc.metrics.success.rate import SuccessRate
from trainer_proc.metrics.terrain import SteeredTerrain
from trainer_proc.rl_libraries.runner import LibraryRunner
from trainer_proc.robot_stream.stream import RobotStream
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.interface import Actions
from trainer_proc.training.attach_checkpoints import attach_checkpoints
from trainer_proc.training.attach_periodic import BoundaryWork
from trainer_proc.training.fast import FastTraining
from trainer_proc.training.jobs import BackgroundJobs
from trainer_proc.training.logger_hooks import ROBOT, LoggerHooks


def attach(
    runner: Any,
    steering: Steering,
    emit: Callable[[TrainerBody], None],
    jobs: BackgroundJobs,
    success_rate: SuccessRate | None,
    *,
    terrain: SteeredTerrain | None = None,
    observer: Observer | None = None,
    overflow: BufferOverflow | None = None,
    robot: RobotStream | None = None,
    fast: FastTraining | None = None,
) -> None:
    """Publish every iteration of `runner` and let `steering` act between iterations.

    On ranks above 0, which have no writer, only steering acts, and `jobs` has none. `observer` reports what can't be
    observed. With `fast`, the step is captured in CUDA graphs, part by part.
    """
    observer = observer or Observer(lambda what, reason: emit(LeftOut(what, reason)))
    is_rsl_rl = not isinstance(runner, LibraryRunner)
    if not is_rsl_rl:
        runner.observer = observer
    if fast is not None:
        fast.attach()
    # inside the next wrapper, which hides failed updates
    diagnostics = PpoDiagnostics(runner.alg, observer) if is_rsl_rl else runner
    if fast is not None and fast.ppo is not None:
        fast.ppo.on_update(diagnostics.take)
    tolerate_non_finite_updates(runner.alg, lambda: steering.guards.catches_not_finite)
    if is_rsl_rl:
        tolerate_non_finite_actions(runner.alg, lambda: steering.guards.catches_not_finite)
    checkpoints = attach_checkpoints(runner, steering, emit, terrain, observer, jobs.retention)
    stream = MetricStream(emit, observer)
    periodic = BoundaryWork(jobs, steering, checkpoints, stream, observer)
    steering.guards.collection.is_disturbed = periodic.is_running

    actions = _actions(
        runner, checkpoints=checkpoints, periodic=periodic, jobs=jobs, emit=emit, observer=observer, robot=robot
    )
    hooks = LoggerHooks(
        runner=runner,
        steering=steering,
        actions=actions,
        checkpoints=checkpoints,
        periodic=periodic,
        stream=stream,
        emit=emit,
        diagnostics=diagnostics,
        success_rate=success_rate,
        terrain=terrain,
        observer=observer,
        overflow=overflow,
        robot=robot,
        fast=fast,
    )
    hooks.install()
    jobs.at_end.append(hooks.end)


def _actions(
    runner: Any,
    *,
    checkpoints: LiveCheckpoints,
    periodic: BoundaryWork,
    jobs: BackgroundJobs,
    emit: Callable[[TrainerBody], None],
    observer: Observer,
    robot: RobotStream | None,
) -> Actions:
    """Return what steering can do to the runner between iterations."""

    def export(iteration: int) -> None:
        if jobs.exports is None:
            return
        try:
            jobs.exports.start(runner, iteration)
        except Exception as error:  # a user's policy may not be copied as rsl-rl's
            emit(ExportFailed(iteration, one_line(error)))

    is_rsl_rl = not isinstance(runner, LibraryRunner)
    return Actions(
        save=checkpoints.save,
        export=export,
        reload=checkpoints.reload,
        newest_good=checkpoints.newest_good,
        reload_file=checkpoints.reload_file,
        is_finite=lambda: has_finite_weights(runner.alg),
        reset_non_finite=lambda: (
            reset_non_finite_environments(runner) if is_rsl_rl else runner.reset_non_finite_environments()
        ),
        start_periodic=periodic.start_if_due,
        show_robot=lambda: observer.attempt(ROBOT, robot.rest) if robot is not None else None,
    )
