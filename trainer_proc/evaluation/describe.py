"""`python -m trainer_proc.evaluation.describe REQUEST` writes `params/` of a run again, by its environment.

For a run that an older version described, or whose files in `params/` are missing.
"""

from __future__ import annotations

from pathlib import Path

import trainer_proc.contract.own_packages_first  # noqa: F401 (comes first)
from curricula.errors import message_of
from trainer_proc.contract.describe_request import DESCRIPTION, Described, DescribeRequest
from trainer_proc.contract.evaluation import EvaluationError
from trainer_proc.contract.garbage import without_garbage_collection
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.worker_main import Report, run_worker


def _described(request: DescribeRequest, report: Report) -> Described:
    with without_garbage_collection():
        from trainer_proc.evaluation.prepare import prepare, staged  # imports torch
        from trainer_proc.export.record import record_policy

    if (library := RunFolder(Path(request.run)).read_spec().library) not in ("", "rsl_rl"):
        raise EvaluationError(f"expected a run of rsl_rl, got one of {library}: resume it, which describes it")
    prepared = prepare(request.run, request.checkpoint, device="cpu", seed=0, report=report)
    with staged(prepared, 1, {}, report) as stage:
        try:
            record_policy(stage.runner, RunFolder(Path(request.run)), stage.spec, stage.simulator)
        except OSError as error:
            raise EvaluationError(f"params/ can't be written: {message_of(error)}") from error
    return Described()


if __name__ == "__main__":
    run_worker(DESCRIPTION, DescribeRequest, _described)
