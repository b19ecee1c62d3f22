"""Makes a built runner watchable and steerable."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from presets.checkpoints import read_retention
from presets.evaluation import read_evaluation
from presets.fast import read_fast
from presets.goal import read_goal
from presets.rollouts import read_rollouts
from presets.success import Success, read_success
from trainer_proc.checkpoints.retention import CheckpointRetention
from trainer_proc.contract.errors import TrainingError
from trainer_proc.contract.monitoring import LeftOut
from trainer_proc.contract.products import CheckpointsDeleted
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.export.job import ExportJobs, NoExports
from trainer_proc.export.record import record_policy
from trainer_proc.knobs.discover import discover_knobs
from trainer_proc.metrics.environment import unwrapped
from trainer_proc.metrics.observer import Observer
from trainer_proc.metrics.overflow import BufferOverflow
from trainer_proc.metrics.success.judgement import EVERY
from trainer_proc.metrics.success.noise_free import NOISE_FREE, NoiseFree
from trainer_proc.metrics.success.rate import SuccessRate
from trainer_proc.metrics.terrain import SteeredTerrain, steered_terrain
from trainer_proc.robot_stream.choice import environment_types
from trainer_proc.robot_stream.stream import RobotStream
from trainer_proc.simulators.distributed import process_rank
from trainer_proc.simulators.interface import Simulator
from trainer_proc.simulators.registry import simulator_of
from trainer_proc.simulators.robot_reader import RobotReader
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.goal import GoalCheck
from trainer_proc.steering.interface import Link
from trainer_proc.training.attach import attach
from trainer_proc.training.evaluation_device import device_beside, usable_cores
from trainer_proc.training.fast import FastTraining
from trainer_proc.training.jobs import BackgroundJobs
from trainer_proc.training.logger_hooks import OVERFLOW_CHECK, ROBOT, SUCCESS_RATE
from trainer_proc.training.periodic_evaluation import PeriodicEvaluations
from trainer_proc.training.periodic_rollout import PeriodicRollouts
from trainer_proc.training.periodic_work import PeriodicWork
from trainer_proc.training.tables import curricula_of, read_table


def make_steerable(runner: Any, steering: Steering, link: Link, folder: RunFolder, spec: RunSpec) -> BackgroundJobs:
    """Attach metrics and steering to `runner` and publish its knobs.

    What can't be observed is left out and reported. Returns what runs beside the training, to be ended with it. Raises
    `LaunchValueError`, and `TrainingError` if the definition of success doesn't fit the environment.
    """
    observer = Observer(lambda what, reason: _report_missing(link, what, reason))
    simulator = observer.attempt("the simulator", lambda: simulator_of(unwrapped(runner.env)))
    jobs = _jobs(runner, link, folder, spec, simulator, observer)
    steering.goal = GoalCheck(read_table(read_goal, spec.goal, spec.evaluation), partial(observer.is_missing, "goal"))
    terrain = observer.attempt("terrain", lambda: steered_terrain(runner.env, simulator, observer))
    success_rate = _success_rate(runner, spec, simulator, terrain, observer)
    fast = read_table(read_fast, spec.fast).is_on(str(runner.device))
    attach(
        runner,
        steering,
        emit=link.emit,
        jobs=jobs,
        success_rate=success_rate,
        fast=FastTraining(runner, link.emit, observer) if fast else None,
        terrain=terrain,
        observer=observer,
        overflow=observer.attempt(OVERFLOW_CHECK, lambda: _overflow(simulator, observer)),
        robot=observer.attempt(ROBOT, lambda: _robot(runner, link, spec, simulator, terrain, success_rate)),
    )
    steering.launch_note = spec.set_note or steering.launch_note
    knobs = discover_knobs(runner, simulator, steering.interventions.competing_writer_found, terrain, observer)
    steering.publish_knobs(knobs, launch_values=spec.set, bounds=spec.bounds, curricula=curricula_of(spec))
    return jobs


def _overflow(simulator: Simulator | None, observer: Observer) -> BufferOverflow | None:
    buffers = simulator.buffers() if simulator is not None else None
    if simulator is None or buffers is None:
        return None
    overflow = BufferOverflow(buffers)
    simulator.before_reset(lambda: observer.attempt(OVERFLOW_CHECK, overflow.keep_bits))
    return overflow


def _robot(
    runner: Any,
    link: Link,
    spec: RunSpec,
    simulator: Simulator | None,
    terrain: SteeredTerrain | None,
    success_rate: SuccessRate | None,
) -> RobotStream | None:
    """Return the live view of the robot; None on ranks above 0."""
    if link.robot is None:
        return None

    def make_reader() -> RobotReader:
        if simulator is None:
            raise TrainingError("this environment shows no robot: it is neither of mjlab nor of Isaac Lab")
        return simulator.robot_reader(spec.task)

    num_envs = int(runner.env.num_envs)
    measured = EVERY if success_rate is None else success_rate.environments
    noise_free = range(0) if measured is EVERY else range(*measured.indices(num_envs))
    return RobotStream(link.robot, make_reader, environment_types(unwrapped(runner.env), terrain), noise_free)


def _report_missing(link: Link, what: str, reason: str) -> None:
    """Report in the dashboard, and on the console of a script that runs without one."""
    link.emit(LeftOut(what, reason))
    if not process_rank():
        with suppress(OSError):  # the console may be on a full disk
            print(f"WARNING: no {what}: {reason}", file=sys.stderr)  # noqa: T201


def _jobs(
    runner: Any, link: Link, folder: RunFolder, spec: RunSpec, simulator: Simulator | None, observer: Observer
) -> BackgroundJobs:
    """Return the jobs of this rank. Raises `LaunchValueError`."""
    rules = read_table(read_retention, spec.checkpoints)
    evaluation, rollout = read_table(read_evaluation, spec.evaluation), read_table(read_rollouts, spec.rollouts)
    is_periodic = evaluation is not None or rollout is not None
    if process_rank():
        return BackgroundJobs(is_periodic=is_periodic)
    turn = threading.Lock()  # the training shares the machine with one process at a time
    periodic: list[PeriodicWork[Any]] = []
    if evaluation is not None:
        device = device_beside(str(runner.device), spec.backend, spec.processes, usable_cores())
        periodic.append(PeriodicEvaluations(folder, evaluation, device, link.emit, turn=turn))
    if rollout is not None:
        periodic.append(PeriodicRollouts(folder, rollout, link.emit, turn=turn))

    def deleted(names: tuple[str, ...]) -> None:
        link.emit(CheckpointsDeleted(names))

    return BackgroundJobs(
        exports=_exports(runner, link, folder, spec, simulator, observer),
        periodic=tuple(periodic),
        retention=None
        if rules is None
        else CheckpointRetention(folder, rules, deleted, partial(observer.is_missing, "deletion of checkpoints")),
        is_periodic=is_periodic,
    )


def _exports(
    runner: Any, link: Link, folder: RunFolder, spec: RunSpec, simulator: Simulator | None, observer: Observer
) -> ExportJobs | NoExports:
    def described() -> ExportJobs:
        for line in record_policy(runner, folder, spec, simulator).not_measured:
            name, _, reason = line.partition(": ")
            observer.is_missing(f"measurement of {name}", reason)
        return ExportJobs(folder, link.emit)

    jobs = observer.attempt("export", described)
    return jobs or NoExports(f"the policy can't be described: {observer.missing['export']}", link.emit)


def _success_rate(
    runner: Any, spec: RunSpec, simulator: Simulator | None, terrain: SteeredTerrain | None, observer: Observer
) -> SuccessRate | None:
    """Return the success rate; None if the environment refuses to be measured. Raises `TrainingError`.

    Has a share of the environments act without exploration noise, if the definition wants that and it is possible.
    """
    definition = read_table(read_success, spec.success)
    refused: list[TrainingError] = []
    noise_free = _noise_free(runner, definition, observer)

    def make() -> SuccessRate | None:
        environments = EVERY if noise_free is None else noise_free.environments
        try:
            return SuccessRate(runner.env, definition, terrain, simulator, environments)
        except TrainingError as error:  # the definition is wrong, which the user can change
            refused.append(error)
            return None

    success_rate = observer.attempt(SUCCESS_RATE, make)
    if refused:
        raise refused[0]
    if noise_free is not None and success_rate is not None:
        if success_rate.environments is EVERY:
            observer.is_missing(NOISE_FREE, "the environment reports the mean of all environments only")
        else:
            noise_free.install(observer)
    return success_rate


def _noise_free(runner: Any, definition: Success, observer: Observer) -> NoiseFree | None:
    """Return the environments that are to act without noise; rank 0 alone measures success."""
    if not definition.noise_free or process_rank():
        return None
    return observer.attempt(NOISE_FREE, lambda: NoiseFree(runner, definition.noise_free))


def continue_from(runner: Any, checkpoint: Path) -> None:
    """Load `checkpoint` before the first iteration, which gets the next number; rsl-rl would repeat the checkpoint's.

    Raises `CheckpointError`.
    """
    runner.load(str(checkpoint))
    runner.current_learning_iteration += 1
