"""Attaches metrics and steering to an rsl-rl runner, without a fork of rsl-rl.

`OnPolicyRunner.learn` has no callbacks. On rsl-rl 5.4.2 and 5.5.1 its logger's methods are called at the right
moments: `init_logging_writer` before the first iteration, `process_env_step` after every environment step and `log`
once an iteration, after the update. They are wrapped on the instance.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from trainer_proc.checkpoint import make_saves_whole
from trainer_proc.diagnostics import PpoDiagnostics
from trainer_proc.export_job import ExportJobs
from trainer_proc.metrics import MetricStream
from trainer_proc.steering import Actions, Steering
from trainer_proc.success import SuccessWindow
from trainer_proc.wire.messages import CheckpointFailed, CheckpointSaved, TrainerBody


def attach(runner: Any, steering: Steering, emit: Callable[[TrainerBody], None], exports: ExportJobs) -> None:
    """Publish every iteration of `runner` and let `steering` act between them."""
    logger = runner.logger
    metrics = MetricStream(emit)
    diagnostics = PpoDiagnostics(runner.alg)
    success = SuccessWindow(runner.env, runner.device)

    def on_saved(iteration: int, path: Path) -> None:
        emit(CheckpointSaved(iteration, path.name))

    def on_save_failed(iteration: int, reason: str) -> None:
        emit(CheckpointFailed(iteration, reason))

    make_saves_whole(runner, on_saved, on_save_failed)
    actions = Actions(
        save=lambda iteration: runner.save(str(Path(logger.log_dir) / f"model_{iteration}.pt")),
        export=lambda iteration: exports.start(runner, iteration),
    )
    init_writer, process_step, log = logger.init_logging_writer, logger.process_env_step, logger.log

    def init_logging_writer() -> None:
        init_writer()
        metrics.tee(logger.writer)
        steering.start_iterating(runner.current_learning_iteration)
        metrics.start_clock()

    def process_env_step(rewards: Any, dones: Any, extras: dict[str, Any], *rest: Any) -> None:
        process_step(rewards, dones, extras, *rest)
        success.step(dones, extras)

    def log_iteration(*, it: int, total_it: int, **rest: Any) -> None:
        log(it=it, total_it=total_it, **rest)
        for name, value in {**diagnostics.collect(), **success.collect()}.items():
            logger.writer.add_scalar(name, value, it)
        metrics.finish(it, logger.tot_timesteps, total_it - it - 1)
        steering.at_boundary(it, actions)
        metrics.start_clock()

    logger.init_logging_writer = init_logging_writer
    logger.process_env_step = process_env_step
    logger.log = log_iteration
