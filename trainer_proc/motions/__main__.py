"""`python -m trainer_proc.motions REQUEST` makes a motion; `trainer_proc.contract.worker` has the protocol."""

from __future__ import annotations

import trainer_proc.contract.own_packages_first  # noqa: F401 (comes first)
from trainer_proc.contract.motion_request import MOTION, MotionRequest, MotionWritten
from trainer_proc.contract.worker_main import Report, run_worker


def _made(request: MotionRequest, report: Report) -> MotionWritten:
    from trainer_proc.motions.make import make_motion  # imports MuJoCo

    return make_motion(request, report)


if __name__ == "__main__":
    run_worker(MOTION, MotionRequest, _made)
