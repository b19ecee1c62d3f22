"""`python -m trainer_proc.formats REQUEST` writes formats; `trainer_proc.contract.worker` has the protocol."""

from __future__ import annotations

from pathlib import Path

import trainer_proc.contract.own_packages_first  # noqa: F401 (comes first)
from trainer_proc.contract.bundle.formats import FORMATS_WORKER, FormatsRequest, FormatsWritten
from trainer_proc.contract.worker_main import Report, run_worker


def _written(request: FormatsRequest, report: Report) -> FormatsWritten:
    from trainer_proc.formats.write import write_formats  # imports numpy

    return write_formats(Path(request.bundle), request.formats)


if __name__ == "__main__":
    run_worker(FORMATS_WORKER, FormatsRequest, _written)
