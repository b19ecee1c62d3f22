"""`python -m trainer_proc.video REQUEST` renders frames; `trainer_proc.contract.worker` has the protocol."""

from __future__ import annotations

import trainer_proc.contract.own_packages_first  # noqa: F401 (comes first)
from trainer_proc.contract.video_request import VIDEO, Rendered, VideoRequest
from trainer_proc.contract.worker_main import Report, run_worker


def _rendered(request: VideoRequest, report: Report) -> Rendered:
    from trainer_proc.video.opengl import choose_opengl

    gl = choose_opengl()  # before MuJoCo is imported
    from trainer_proc.video.render import render

    return render(request, gl, report)


if __name__ == "__main__":
    run_worker(VIDEO, VideoRequest, _rendered)
