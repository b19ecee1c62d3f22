"""Makes a built runner watchable and steerable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from curricula.load import make_curricula
from curricula.schema import SchemaError
from presets.success import Success, read_success
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.curriculum.driver import CurriculumDriver
from trainer_proc.export.description import describe_policy
from trainer_proc.export.job import ExportJobs, NoExports
from trainer_proc.export.policy import write_policy_description
from trainer_proc.export.task_export import keep_task_export
from trainer_proc.knobs.discover import discover_knobs
from trainer_proc.metrics.environment import unwrapped
from trainer_proc.metrics.success.rate import SuccessRate
from trainer_proc.metrics.terrain import steered_terrain
from trainer_proc.rl_libraries.runner import LibraryRunner
from trainer_proc.simulators.distributed import process_rank
from trainer_proc.simulators.registry import simulator_of
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.interface import Link
from trainer_proc.steering.knob_set import LaunchValueError
from trainer_proc.training.attach import attach


def make_steerable(
    runner: Any, steering: Steering, link: Link, folder: RunFolder, spec: RunSpec
) -> ExportJobs | NoExports | None:
    """Attach metrics and steering to `runner` and publish its knobs.

    Returns the exports, to wait for at the end; None on ranks above 0. Raises `LaunchValueError`, and `TrainingError`
    if the definition of success doesn't fit the environment.
    """
    simulator = simulator_of(unwrapped(runner.env))
    exports: ExportJobs | NoExports | None = None
    if isinstance(runner, LibraryRunner):
        exports = NoExports(runner.library, link.emit)
    elif process_rank() == 0:
        description = describe_policy(runner, spec.task, spec.backend, simulator)
        missing = keep_task_export(runner, folder)
        description = msgspec.structs.replace(description, not_included=[*description.not_included, *missing])
        write_policy_description(folder, description)
        exports = ExportJobs(folder, link.emit)
    terrain = steered_terrain(runner.env, simulator)
    success_rate = SuccessRate(runner.env, _success(spec), terrain, simulator)
    attach(runner, steering, emit=link.emit, exports=exports, success_rate=success_rate, terrain=terrain)
    knobs = discover_knobs(runner, simulator, steering.interventions.competing_writer_found, terrain)
    steering.publish_knobs(knobs, launch_values=spec.set, bounds=spec.bounds, curricula=_curricula(spec))
    return exports


def _success(spec: RunSpec) -> Success:
    try:
        return read_success(spec.success)
    except SchemaError as error:
        raise LaunchValueError(str(error)) from error


def _curricula(spec: RunSpec) -> CurriculumDriver:
    try:
        return CurriculumDriver(make_curricula(spec.curricula))
    except SchemaError as error:
        raise LaunchValueError(str(error)) from error


def continue_from(runner: Any, checkpoint: Path) -> None:
    """Load `checkpoint` before the first iteration, which gets the next number; rsl-rl would repeat the checkpoint's.

    Raises `CheckpointError`.
    """
    runner.load(str(checkpoint))
    runner.current_learning_iteration += 1
