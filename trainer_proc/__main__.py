"""`python -m trainer_proc RUN_DIR` trains as `RUN_DIR/run.toml` describes; under `torchrun`, as one of its ranks.

The wire process starts before slow imports, so that a dashboard sees the run and can stop it from the start.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import trainer_proc.contract.own_packages_first  # noqa: F401 (comes first)
from trainer_proc.contract.errors import JournalUnreadable
from trainer_proc.contract.garbage import without_garbage_collection
from trainer_proc.contract.products import EVENT_FILES, WriteDelayed
from trainer_proc.contract.run_folder import RunFolder, RunFolderError, RunSpec
from trainer_proc.restart import RESTARTED, continued_in_place
from trainer_proc.simulators.distributed import process_rank
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.ranks import NoOpLink, join_ranks
from trainer_proc.training.code_record import record_code_soon
from trainer_proc.training.console import keep_printing
from trainer_proc.training.lifecycle import end_other_ranks, run_and_report, run_started
from trainer_proc.training.process_end import ProcessEnd
from trainer_proc.wire.link import TrainerLink, WireError

if TYPE_CHECKING:  # they import torch
    from trainer_proc.simulators.base import Training
    from trainer_proc.training.jobs import BackgroundJobs


def main() -> int:
    """Train; return 0 if finished or stopped, 1 if failed, 2 if the training can't start."""
    if len(sys.argv) != 2:
        return _print_error("usage: python -m trainer_proc RUN_DIR", 2)
    keep_printing()
    folder = RunFolder(Path(sys.argv[1]))
    try:
        spec = folder.read_spec()
        if RESTARTED in os.environ:
            spec = continued_in_place(folder, spec)
        link = NoOpLink() if process_rank() else TrainerLink(folder)
    except (RunFolderError, WireError, JournalUnreadable, OSError) as error:
        return _print_error(str(error), 2)
    steering = Steering(link)
    link.emit(run_started(folder, spec))
    if not process_rank():
        record_code_soon(folder, Path.cwd())
    try:
        run_and_report(steering, lambda: _build_and_learn(spec, folder, steering, link))
    except Exception:
        traceback.print_exc()
        return 1
    finally:
        link.close()
        end_other_ranks(steering)
    return 0


def _build_and_learn(spec: RunSpec, folder: RunFolder, steering: Steering, link: TrainerLink | NoOpLink) -> None:
    with without_garbage_collection(is_kept=True):
        spec, training, jobs = _build(spec, folder, steering, link)

    from trainer_proc.training.build import continue_from
    from trainer_proc.training.other_task import begin_from_other_task

    try:
        with jobs:
            is_begun = spec.other_task and begin_from_other_task(training.runner, spec, link.emit)
            if spec.checkpoint and not is_begun:
                continue_from(training.runner, Path(spec.checkpoint))
            # random first episode lengths as in mjlab's and Isaac Lab's scripts: episodes don't all end at one step
            at_random = training.runner.cfg.get("init_at_random_ep_len", True)  # a field of Isaac Lab's agents
            training.runner.learn(num_learning_iterations=spec.iterations, init_at_random_ep_len=at_random)
    finally:
        training.close()


def _build(
    spec: RunSpec, folder: RunFolder, steering: Steering, link: TrainerLink | NoOpLink
) -> tuple[RunSpec, Training, BackgroundJobs]:
    from trainer_proc.metrics.event_file import make_event_files_patient
    from trainer_proc.training.preflight import check_launch

    steering.enter("building", f"loading {spec.backend}")
    backend, spec = check_launch(spec)
    backend.report_kernels(steering.kernel_module_loaded)
    steering.enter("building", f"{spec.num_envs} environments of {spec.task} on {spec.device}")
    make_event_files_patient(lambda reason: link.emit(WriteDelayed(EVENT_FILES, reason)))
    training = backend.build(spec, folder)

    from trainer_proc.training.build import make_steerable

    steering.join(join_ranks())
    return spec, training, make_steerable(training.runner, steering, link, folder, spec)


def _print_error(message: str, code: int) -> int:
    print(message, file=sys.stderr)  # noqa: T201
    return code


if __name__ == "__main__":
    process_end = ProcessEnd()
    process_end.status = main()
