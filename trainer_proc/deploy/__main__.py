"""`python -m trainer_proc.deploy REQUEST` runs a policy on a robot; `trainer_proc.contract.worker` has the protocol."""

from __future__ import annotations

import trainer_proc.contract.own_packages_first  # noqa: F401 (comes first)
from trainer_proc.contract.bundle.run_request import RUN_POLICY, PolicyRun, RunPolicyRequest
from trainer_proc.contract.worker_main import Report, run_worker


def _run(request: RunPolicyRequest, report: Report) -> PolicyRun:
    from trainer_proc.deploy.run_policy import run_policy  # imports numpy

    return run_policy(request, report)


if __name__ == "__main__":
    run_worker(RUN_POLICY, RunPolicyRequest, _run, niceness=0)
