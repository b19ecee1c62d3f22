"""`python -m trainer_proc.evaluation REQUEST` evaluates a policy; `trainer_proc.contract.worker` has the protocol."""

from __future__ import annotations

from pathlib import Path

import trainer_proc.contract.own_packages_first  # noqa: F401 (comes first)
from trainer_proc.contract.checkpoint_use import in_use
from trainer_proc.contract.evaluation import EVALUATION, Evaluation, Request
from trainer_proc.contract.garbage import without_garbage_collection
from trainer_proc.contract.worker_main import Report, run_worker


def _evaluated(request: Request, report: Report) -> Evaluation:
    with without_garbage_collection():
        from trainer_proc.evaluation.evaluate import evaluate  # imports torch

    with in_use(Path(request.checkpoint)):
        return evaluate(request, report)


if __name__ == "__main__":
    run_worker(EVALUATION, Request, _evaluated)
