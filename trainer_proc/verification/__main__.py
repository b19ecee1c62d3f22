"""`python -m trainer_proc.verification REQUEST` verifies a bundle; `trainer_proc.contract.worker` has the protocol."""

from __future__ import annotations

import trainer_proc.contract.own_packages_first  # noqa: F401 (comes first)
from trainer_proc.contract.bundle.verification import Verification
from trainer_proc.contract.bundle.verify_request import VERIFICATION_WORKER, VerifyRequest
from trainer_proc.contract.worker_main import Report, run_worker


def _verified(request: VerifyRequest, report: Report) -> Verification:
    from trainer_proc.verification.verify import verify  # imports numpy and the rest

    return verify(request, report)


if __name__ == "__main__":
    run_worker(VERIFICATION_WORKER, VerifyRequest, _verified)
