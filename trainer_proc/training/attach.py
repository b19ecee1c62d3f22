"""Attaches metrics and steering to an rsl-rl runner, without a fork of rsl-rl.

`OnPolicyRunner.learn` has no callbacks. On rsl-rl 5.4.2 and 5.5.1 its logger's methods are called at the right
moments: `init_logging_writer` before the first iteration, `process_env_step` after every environment step and `log`
once an iteration, after the update. They are wrapped on the instance. Other libraries' trainings come in the same shape
(`trainer_proc.rl_libraries`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from trainer_proc.checkpoints.checkpoint import CheckpointError, LiveCheckpoints, check_library, read_checkpoint
from trainer_proc.contract.knob import number_of
from trainer_proc.contract.messages import CheckpointFailed, CheckpointLoaded, CheckpointSaved, TrainerBody
from trainer_proc.export.job import ExportJobs, NoExports
from trainer_proc.knobs.terrain import SHIFT
from trainer_proc.metrics.nan_guard import reset_non_finite_environments, tolerate_non_finite_updates
from trainer_proc.metrics.ppo_diagnostics import PpoDiagnostics
from trainer_proc.metrics.stream import MetricStream
from trainer_proc.metrics.success.rate import SuccessRate
from trainer_proc.metrics.terrain import SteeredTerrain
from trainer_proc.rl_libraries.runner import LibraryRunner
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.interface import Actions
from trainer_proc.steering.state import INFOS_KEY, environment_infos, from_infos, restore_environment, to_infos


def attach(
    runner: Any,
    steering: Steering,
    emit: Callable[[TrainerBody], None],
    exports: ExportJobs | NoExports | None,
    success_rate: SuccessRate,
    terrain: SteeredTerrain | None = None,
) -> None:
    """Publish every iteration of `runner` and let `steering` act between them.

    On ranks above 0, which have no writer, only steering acts; `exports` is None there.
    """
    logger = runner.logger
    metrics = MetricStream(emit)
    is_rsl_rl = not isinstance(runner, LibraryRunner)
    diagnostics = PpoDiagnostics(runner.alg) if is_rsl_rl else runner
    tolerate_non_finite_updates(runner.alg, lambda: steering.guards.catches_not_finite)
    checkpoints = _attach_checkpoints(runner, steering, emit, terrain)
    checks_for_nan = runner.cfg.get("check_for_nan", True)
    actions = Actions(
        save=checkpoints.save,
        export=lambda iteration: exports.start(runner, iteration) if exports is not None else None,
        reload=checkpoints.reload,
        reset_non_finite=lambda: (
            reset_non_finite_environments(runner) if is_rsl_rl else runner.reset_non_finite_environments()
        ),
    )
    init_writer, process_step, log = logger.init_logging_writer, logger.process_env_step, logger.log

    def leave_nan_to_guards() -> None:
        # a guard that acts on NaN must see the iteration's end; rsl-rl would end the training in the rollout
        runner.cfg["check_for_nan"] = checks_for_nan and not steering.guards.catches_not_finite

    def init_logging_writer() -> None:
        init_writer()
        if logger.writer is not None:
            metrics.tee(logger.writer)
        if checkpoints.loaded:
            emit(CheckpointLoaded(runner.current_learning_iteration, checkpoints.loaded))
        steering.start_iterating(runner.current_learning_iteration)
        success_rate.begin()
        leave_nan_to_guards()
        metrics.start_clock()

    def process_env_step(rewards: Any, dones: Any, extras: dict[str, Any], *rest: Any) -> None:
        process_step(rewards, dones, extras, *rest)
        if logger.writer is not None:
            success_rate.step(dones, extras)

    def log_iteration(*, it: int, total_it: int, **rest: Any) -> None:
        log(it=it, total_it=total_it, **rest)
        published: dict[str, float] = {}
        of_terrain = terrain.metrics() if terrain is not None else {}
        if logger.writer is not None:
            own = {**diagnostics.collect(), **success_rate.collect(), **of_terrain, **steering.curricula.metrics()}
            for name, value in own.items():
                logger.writer.add_scalar(name, value, it)
            published = metrics.finish(it, logger.tot_timesteps, total_it - it - 1)
        steering.at_boundary(it, published, actions)
        leave_nan_to_guards()
        metrics.start_clock()

    logger.init_logging_writer = init_logging_writer
    logger.process_env_step = process_env_step
    logger.log = log_iteration


def _attach_checkpoints(
    runner: Any, steering: Steering, emit: Callable[[TrainerBody], None], terrain: SteeredTerrain | None
) -> LiveCheckpoints:
    """Let every save carry the steering state and the environment's step counter, and every load bring them back."""

    def on_saved(iteration: int, path: Path) -> None:
        emit(CheckpointSaved(iteration, path.name))

    def on_save_failed(iteration: int, reason: str) -> None:
        emit(CheckpointFailed(iteration, reason))

    def infos() -> dict[str, Any]:
        of_terrain = (terrain.levels(), terrain.columns()) if terrain is not None else ()
        return {INFOS_KEY: to_infos(steering.interventions.snapshot(*of_terrain))} | environment_infos(env)

    env = getattr(runner.env, "unwrapped", runner.env)
    checkpoints = LiveCheckpoints(runner, infos, on_saved, on_save_failed)
    load = runner.load

    def load_with_steering(path: str, *args: Any, **kwargs: Any) -> Any:
        saved = read_checkpoint(Path(path))
        check_library(Path(path), saved, getattr(runner, "library", "rsl_rl"))
        try:
            state = from_infos(saved.get("infos"))
            loaded = load(path, *args, **kwargs)
        except (RuntimeError, KeyError, ValueError) as error:  # other networks, another optimizer, another steering
            reason = " ".join(str(error).split())[:200]
            raise CheckpointError(f"{path} doesn't fit this training: {reason}") from error
        restore_environment(env, saved.get("infos"))
        if state is not None:
            if terrain is not None:
                shift = int(number_of(state.values.get(SHIFT, 0.0)))
                terrain.restore(state.terrain_levels, state.terrain_types, shift, reset=not steering.is_iterating)
            steering.resume_from(state, Path(path).name)
        checkpoints.loaded = path
        return loaded

    runner.load = load_with_steering
    return checkpoints
