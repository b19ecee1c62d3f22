"""`python -m trainer_proc.torchrun …`: PyTorch's launcher, which lets a stop by signal save its checkpoint.

The launcher passes SIGTERM on to the ranks, which stop after their iteration, and kills them 30 s later. That is less
than an iteration with a checkpoint may take.
"""

from __future__ import annotations

import signal
import sys

import trainer_proc.contract.own_packages_first  # noqa: F401 (comes first)

STOP_SECONDS = 600
"""Time for the ranks to end after a signal; a rank that fails ends the others as fast as ever."""


def be_patient() -> None:
    """Give the ranks `STOP_SECONDS` after a signal."""
    from torch.distributed.elastic.multiprocessing.api import PContext, SignalException

    close = PContext.close

    def patient_close(self: PContext, death_sig: signal.Signals | None = None, timeout: int = 30) -> None:
        was_signalled = isinstance(sys.exc_info()[1], SignalException)
        close(self, death_sig, max(timeout, STOP_SECONDS) if was_signalled else timeout)

    PContext.close = patient_close  # type: ignore[method-assign]


def main() -> None:
    """Run PyTorch's launcher with the arguments of this process."""
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.run import main as torchrun

    be_patient()
    try:
        torchrun()
    except SignalException as error:  # no fault, and so no traceback
        sys.exit(128 + error.sigval)


if __name__ == "__main__":
    main()
