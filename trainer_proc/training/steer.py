"""`steer(runner)`: attaches publishing and steering to a runner that a user's script has built."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from presets.fast import with_fast
from trainer_proc.contract.errors import TrainingError
from trainer_proc.contract.products import EVENT_FILES, WriteDelayed
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.metrics.environment import unwrapped
from trainer_proc.metrics.event_file import make_event_files_patient
from trainer_proc.simulators.distributed import process_rank
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.ranks import NoOpLink, join_ranks
from trainer_proc.training.build import make_steerable
from trainer_proc.training.code_record import record_code_soon
from trainer_proc.training.jobs import BackgroundJobs
from trainer_proc.training.lifecycle import end_other_ranks, run_and_report, run_started
from trainer_proc.wire.link import TrainerLink


def steer_runner(
    runner: Any,
    *,
    task: str,
    backend: str,
    success: dict[str, Any],
    curricula: dict[str, dict[str, Any]],
    fast: bool,
) -> None:
    """Implement `trainer_proc.steer`, which describes the arguments and errors."""
    if not (hasattr(runner, "logger") and hasattr(runner, "alg")):
        got = type(runner).__name__
        raise ValueError(f"expected a runner of rsl-rl 5.4 or newer, with alg and logger, got {got}: update rsl-rl-lib")
    if runner.logger.log_dir is None:
        raise ValueError("expected a runner with a log_dir, got none: pass one to OnPolicyRunner, for the run's files")
    folder = RunFolder(Path(runner.logger.log_dir))
    success = {"noise_free": 0.0} | success  # it changes the training, so only if the script asks for it
    spec = msgspec.structs.replace(
        _spec(runner, folder, task, backend), success=success, curricula=curricula, fast=with_fast({}, fast)
    )
    is_first = process_rank() == 0
    if is_first:
        folder.path.mkdir(parents=True, exist_ok=True)
        folder.write_spec(spec)
        record_code_soon(folder, _folder_of_script())
    link = TrainerLink(folder) if is_first else NoOpLink()
    link.emit(run_started(folder, spec))
    make_event_files_patient(lambda reason: link.emit(WriteDelayed(EVENT_FILES, reason)))
    steering = Steering(link, join_ranks())
    try:
        jobs = make_steerable(runner, steering, link, folder, spec)
    except TrainingError as error:
        steering.enter("failed", str(error))
        link.close()
        raise
    _wrap_learn(runner, steering, link, folder, spec, jobs)


def _wrap_learn(
    runner: Any,
    steering: Steering,
    link: TrainerLink | NoOpLink,
    folder: RunFolder,
    spec: RunSpec,
    jobs: BackgroundJobs,
) -> None:
    """Wrap `runner.learn` on the instance, so that the run ends with its first call."""
    learn = runner.learn

    def learn_and_export(*args: Any, **kwargs: Any) -> None:
        with jobs:
            learn(*args, **kwargs)

    def steered_learn(num_learning_iterations: int, *args: Any, **kwargs: Any) -> None:
        runner.learn = learn  # later trainings of the script are not part of the run
        if num_learning_iterations != spec.iterations:
            known = msgspec.structs.replace(spec, iterations=max(num_learning_iterations, 1))
            if process_rank() == 0:
                with suppress(OSError):  # of a full disk: the number is in the journal too
                    folder.write_spec(known)
            link.emit(run_started(folder, known))
        try:
            run_and_report(steering, lambda: learn_and_export(num_learning_iterations, *args, **kwargs))
        finally:
            link.close()
            end_other_ranks(steering)
            steering.retire()

    runner.learn = steered_learn


def _folder_of_script() -> Path:
    """Return the folder of the user's script, the working folder for an interactive Python."""
    script = Path(sys.argv[0])
    return script.resolve().parent if script.is_file() else Path.cwd()


def _spec(runner: Any, folder: RunFolder, task: str, backend: str) -> RunSpec:
    """Describe the user's training as far as the runner shows."""
    env = unwrapped(runner.env)
    return RunSpec(
        preset=Path(sys.argv[0]).stem or "script",
        backend=backend or type(env).__module__.partition(".")[0],
        task=task or type(env).__name__,
        experiment=folder.path.parent.name,
        device=str(runner.device),
        num_envs=runner.env.num_envs,
        iterations=max(int(runner.cfg.get("max_iterations") or 1), 1),
        seed=int(runner.cfg.get("seed") or 0),
        name=str(runner.cfg.get("run_name") or ""),
        processes=int(os.environ.get("WORLD_SIZE", "1")),
        script=Path(sys.argv[0]).name or "a script",
    )
