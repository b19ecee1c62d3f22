"""PyTorch's launcher and a stop by signal."""

from __future__ import annotations

import signal


def test_ranks_have_time_for_their_checkpoint_after_a_signal_only(monkeypatch):
    from torch.distributed.elastic.multiprocessing.api import PContext, SignalException

    from trainer_proc.torchrun import STOP_SECONDS, be_patient

    times = []
    monkeypatch.setattr(PContext, "close", lambda self, death_sig=None, timeout=30: times.append(timeout))
    be_patient()
    PContext.close(None, signal.SIGTERM)  # a rank has failed
    try:
        raise SignalException("SIGTERM", signal.SIGTERM)
    except SignalException:
        PContext.close(None, signal.SIGTERM)
    assert times == [30, STOP_SECONDS]
