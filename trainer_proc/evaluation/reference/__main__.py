"""`python -m trainer_proc.evaluation.reference REQUEST` plays a reference; `contract.worker` has the protocol."""

from __future__ import annotations

from pathlib import Path

import trainer_proc.contract.own_packages_first  # noqa: F401 (comes first)
from trainer_proc.contract.bundle.reference_request import REFERENCE_WORKER, ReferenceRequest
from trainer_proc.contract.bundle.verification import SuiteResult
from trainer_proc.contract.checkpoint_use import in_use
from trainer_proc.contract.garbage import without_garbage_collection
from trainer_proc.contract.worker_main import Report, run_worker


def _played(request: ReferenceRequest, report: Report) -> SuiteResult:
    with without_garbage_collection():
        from trainer_proc.evaluation.reference.reference import make_reference  # imports torch

    with in_use(Path(request.policy)):
        return make_reference(request, report)


if __name__ == "__main__":
    run_worker(REFERENCE_WORKER, ReferenceRequest, _played)
