"""Attaches metrics and steering to an rsl-rl runner, without a fork of rsl-rl.

`OnPolicyRunner.learn` has no callbacks. In rsl-rl 5.4.2 and 5.5.1 it calls its logger's methods at the right moments:
`init_logging_writer` before the first iteration, `process_env_step` after every environment step and `log` once per
iteration, after the update. They are wrapped on the instance. `trainer_proc.rl_libraries` gives other libraries'
trainings the same interface.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trainer_proc.checkpoints.save import LiveCheckpoints
from trainer_proc.contract.messages import CheckpointLoaded, TrainerBody
from trainer_proc.export.job import ExportJobs, NoExports
from trainer_proc.metrics.nan_guard import (
    has_finite_weights,
    reset_non_finite_environments,
    tolerate_non_finite_actions,
    tolerate_non_finite_updates,
)
from trainer_proc.metrics.ppo_diagnostics import PpoDiagnostics
from trainer_proc.metrics.stream import MetricStream
from trainer_proc.metrics.success.rate import SuccessRate
from trainer_proc.metrics.terrain import SteeredTerrain
from trainer_proc.rl_libraries.runner import LibraryRunner
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.interface import Actions
from trainer_proc.training.attach_checkpoints import attach_checkpoints


def attach(
    runner: Any,
    steering: Steering,
    emit: Callable[[TrainerBody], None],
    exports: ExportJobs | NoExports | None,
    success_rate: SuccessRate,
    terrain: SteeredTerrain | None = None,
) -> None:
    """Publish every iteration of `runner` and let `steering` act between iterations.

    On ranks above 0, which have no writer, only steering acts; `exports` is None there.
    """
    is_rsl_rl = not isinstance(runner, LibraryRunner)
    tolerate_non_finite_updates(runner.alg, lambda: steering.guards.catches_not_finite)
    if is_rsl_rl:
        tolerate_non_finite_actions(runner.alg, lambda: steering.guards.catches_not_finite)
    checkpoints = attach_checkpoints(runner, steering, emit, terrain)
    actions = Actions(
        save=checkpoints.save,
        export=lambda iteration: exports.start(runner, iteration) if exports is not None else None,
        reload=checkpoints.reload,
        newest_good=checkpoints.newest_good,
        reload_file=checkpoints.reload_file,
        is_finite=lambda: has_finite_weights(runner.alg),
        reset_non_finite=lambda: (
            reset_non_finite_environments(runner) if is_rsl_rl else runner.reset_non_finite_environments()
        ),
    )
    hooks = _LoggerHooks(
        runner=runner,
        steering=steering,
        actions=actions,
        checkpoints=checkpoints,
        emit=emit,
        diagnostics=PpoDiagnostics(runner.alg) if is_rsl_rl else runner,
        success_rate=success_rate,
        terrain=terrain,
    )
    hooks.install()


class _LoggerHooks:
    """What happens where rsl-rl calls its logger: metrics are collected and published, and steering acts."""

    def __init__(
        self,
        *,
        runner: Any,
        steering: Steering,
        actions: Actions,
        checkpoints: LiveCheckpoints,
        emit: Callable[[TrainerBody], None],
        diagnostics: Any,
        success_rate: SuccessRate,
        terrain: SteeredTerrain | None,
    ) -> None:
        self._runner = runner
        self._steering = steering
        self._actions = actions
        self._checkpoints = checkpoints
        self._emit = emit
        self._metrics = MetricStream(emit)
        self._diagnostics = diagnostics
        self._success_rate = success_rate
        self._terrain = terrain
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

    def _init_logging_writer(self) -> None:
        self._init_writer()
        if self._runner.logger.writer is not None:
            self._metrics.tee(self._runner.logger.writer)
        first_iteration = self._runner.current_learning_iteration
        if self._checkpoints.loaded:
            self._emit(CheckpointLoaded(first_iteration, self._checkpoints.loaded))
        self._steering.start_iterating(first_iteration)
        self._success_rate.begin()
        self._start_iteration()

    def _process_env_step(self, rewards: Any, dones: Any, extras: dict[str, Any], *rest: Any) -> None:
        self._process_step(rewards, dones, extras, *rest)
        if self._runner.logger.writer is not None:
            self._success_rate.step(dones, extras)

    def _log_iteration(self, *, it: int, total_it: int, **rest: Any) -> None:
        self._log(it=it, total_it=total_it, **rest)
        logger = self._runner.logger
        published: dict[str, float] = {}
        terrain_metrics = self._terrain.metrics() if self._terrain is not None else {}
        if logger.writer is not None:
            own = {
                **self._diagnostics.collect(),
                **self._success_rate.collect(),
                **terrain_metrics,
                **self._steering.curricula.metrics(),
            }
            for name, value in own.items():
                logger.writer.add_scalar(name, value, it)
            published = self._metrics.finish(it, logger.tot_timesteps, total_it - it - 1)
        self._steering.at_boundary(it, published, self._actions)
        self._start_iteration()

    def _start_iteration(self) -> None:
        # a guard that acts on NaN needs the end of the iteration; rsl-rl would end the training in the rollout
        self._runner.cfg["check_for_nan"] = self._checks_for_nan and not self._steering.guards.catches_not_finite
        self._metrics.start_clock()
