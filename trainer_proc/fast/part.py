"""A part of the training step: captured from its second call on, and again when what its graph reads has moved."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence

import torch

from trainer_proc.fast.graph import CaptureError, Graph, capture
from trainer_proc.fast.report import PartReport

_EAGER_CALLS = 1
"""Calls before the capture, which make what is made once: optimizer states, buffers of the storage."""


class Part:
    """Decides at each call whether the part is captured. One that can't be captured stays eager."""

    def __init__(self, report: PartReport, device: torch.device, never: str = "") -> None:
        self._report = report
        self._device = device
        self.never = never
        """Why the part is never captured, one line; empty if it may be."""
        self._calls = 0
        self._graph: Graph | None = None
        self._signature: tuple[Hashable, ...] = ()
        if never:
            report.is_eager(never)

    @property
    def is_due(self) -> bool:
        """Count a call; return whether it is to be captured."""
        self._calls += 1
        return not self.never and self._calls > _EAGER_CALLS

    def eager(self, reason: str) -> None:
        """Report that this call runs eagerly; the next one may be captured."""
        self._report.is_eager(reason)

    @property
    def last(self) -> Graph | None:
        """The graph of the last call, for calls between which nothing that it reads can have moved."""
        return self._graph

    def graph(
        self,
        work: Callable[[], Sequence[torch.Tensor]],
        *,
        reads: Sequence[torch.Tensor],
        flags: tuple[Hashable, ...] = (),
        changed: Sequence[torch.Tensor] = (),
        stream: torch.cuda.Stream | None = None,
    ) -> Graph | None:
        """Return the graph of `work`, captured if it is new; None if it can't be captured.

        `reads` are the tensors whose addresses the graph has, `flags` the values that decide on the host what it does.
        A change of either captures it again. `changed`, `stream`: see `capture`.
        """
        signature = (*flags, *(tensor.data_ptr() for tensor in reads))
        if self._graph is not None and signature == self._signature:
            return self._graph
        self._graph = None  # frees its memory for the new one
        began = time.perf_counter()
        try:
            self._graph = capture(work, self._device, changed, stream=stream)
        except CaptureError as error:
            self.never = str(error)
            self._report.is_eager(self.never)
            return None
        self._signature = signature
        self._report.captured(time.perf_counter() - began)
        return self._graph
