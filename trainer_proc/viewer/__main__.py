"""`python -m trainer_proc.viewer REQUEST` serves a robot; `trainer_proc.contract.worker` has the protocol."""

from __future__ import annotations

import trainer_proc.contract.own_packages_first  # noqa: F401 (comes first)
from trainer_proc.contract.viewer_request import VIEWER, Viewed, ViewerRequest
from trainer_proc.contract.worker_main import Report, run_worker


def _viewed(request: ViewerRequest, report: Report) -> Viewed:
    from trainer_proc.viewer.view import view  # imports MuJoCo

    return view(request, report)


if __name__ == "__main__":
    run_worker(VIEWER, ViewerRequest, _viewed)
