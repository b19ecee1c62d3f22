"""`python -m trainer_proc.rollouts REQUEST` records a rollout; `trainer_proc.contract.worker` has the protocol."""

from __future__ import annotations

from pathlib import Path

import trainer_proc.contract.own_packages_first  # noqa: F401 (comes first)
from trainer_proc.contract.checkpoint_use import in_use
from trainer_proc.contract.garbage import without_garbage_collection
from trainer_proc.contract.rollout_request import ROLLOUT, Recorded, RolloutRequest
from trainer_proc.contract.worker_main import Report, run_worker


def _recorded(request: RolloutRequest, report: Report) -> Recorded:
    with without_garbage_collection():
        from trainer_proc.rollouts.record import record  # imports torch

    with in_use(Path(request.policy)):
        return record(request, report)


if __name__ == "__main__":
    run_worker(ROLLOUT, RolloutRequest, _recorded)
