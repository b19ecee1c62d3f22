"""Numbers that a graph reads from the device, so that a change of one needs no new capture."""

from __future__ import annotations

from collections.abc import Mapping

import torch


class DeviceNumbers:
    """float32 numbers by name, in tensors of no dimensions. Arithmetic with one rounds as with Python's number."""

    def __init__(self, names: tuple[str, ...], device: torch.device) -> None:
        with torch.inference_mode(False):
            self._values = torch.zeros(len(names), device=device)
            self._by_name = dict(zip(names, self._values.unbind(), strict=True))
        self._written: tuple[float, ...] = ()

    def __getitem__(self, name: str) -> torch.Tensor:
        return self._by_name[name]

    def write(self, numbers: Mapping[str, float]) -> None:
        """Copy `numbers`, all that there are, to the device if any has changed since the last call."""
        values = tuple(float(numbers[name]) for name in self._by_name)
        if values != self._written:
            self._values.copy_(torch.tensor(values))
            self._written = values
