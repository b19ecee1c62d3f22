"""Devices of a machine, as torch knows them."""

from __future__ import annotations

import torch

from trainer_proc.simulators.base import BackendError


def check_device(device: str) -> None:
    """Raise `BackendError` if `device`, `cpu` or `cuda:N`, does not exist."""
    kind, _, index = device.partition(":")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise BackendError(f"no such device: {device}; torch has {torch.cuda.device_count()} CUDA devices")
