"""A copy of a tensor to the host that nobody waits for."""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray


class HostCopy:
    """Begins to copy a tensor of its own memory into pinned memory; on the CPU there is nothing to copy."""

    def __init__(self, values: torch.Tensor) -> None:
        self._event: Any = None
        self._values = values
        if values.is_cuda:
            self._values = values.to("cpu", non_blocking=True)  # pinned, because it does not block
            self._event = torch.cuda.Event()  # type: ignore[no-untyped-call]
            self._event.record()

    @property
    def is_done(self) -> bool:
        """Whether the values have arrived. Synchronizes nothing."""
        return self._event is None or bool(self._event.query())

    def values(self) -> NDArray[Any]:
        """Return the values; call it when `is_done`."""
        values: NDArray[Any] = self._values.numpy()
        return values
