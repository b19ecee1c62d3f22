"""History buffers without a pointer on the host, which a graph would repeat as it was when it was captured."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from mjlab.utils.buffers import CircularBuffer

from trainer_proc.fast.mjlab.state import objects_of


class ShiftingBuffer(CircularBuffer):
    """A `CircularBuffer` that moves its frames instead of its pointer: the newest is always last."""

    def __init__(self, old: CircularBuffer) -> None:
        """Take over the frames of `old`."""
        super().__init__(old.max_length, old.batch_size, old.device)
        self._num_pushes.copy_(old._num_pushes)
        if old.is_initialized:
            self._buffer = old.buffer.transpose(0, 1).clone()
        self._pointer = self._max_len - 1

    def append(self, data: torch.Tensor) -> None:
        """Append a frame, of shape [num_envs, ...]; it fills the history of environments without any."""
        if self._buffer is None:
            self._buffer = torch.zeros((self._max_len, *data.shape), dtype=data.dtype, device=self._device)
        is_first = (self._num_pushes == 0).view(1, -1, *([1] * (data.dim() - 1)))
        moved = torch.cat((self._buffer[1:], data.unsqueeze(0)))
        self._buffer.copy_(torch.where(is_first, data.unsqueeze(0), moved))
        self._num_pushes += 1


def shift_buffers(roots: Iterable[Any]) -> None:
    """Replace every `CircularBuffer` that can be reached from `roots`, in place of the objects that hold them."""
    made: dict[int, ShiftingBuffer] = {}
    for owner, key, value in objects_of(roots):
        if type(value) is CircularBuffer:
            buffer = made.setdefault(id(value), ShiftingBuffer(value))
            if isinstance(owner, dict | list):
                owner[key] = buffer
            else:
                setattr(owner, key, buffer)
