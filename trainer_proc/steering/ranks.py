"""Several training processes as one: rank 0 takes requests, and all ranks carry them out at the same boundary.

rsl-rl runs one process a GPU under `torchrun` and averages gradients. What is asked for travels as bytes over a gloo
group of its own, on the CPU, so that no GPU waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from trainer_proc.contract.messages import GuardAction, InterventionQueued, TrainerBody
from trainer_proc.contract.orders import Order


class GuardOrder(msgspec.Struct, frozen=True, tag=True):
    """What rank 0's guards decided after an iteration."""

    guard: str
    iteration: int
    message: str
    action: GuardAction


class CurriculumOrder(msgspec.Struct, frozen=True, tag=True):
    """What a curriculum of rank 0 asks for."""

    curriculum: str
    asked: InterventionQueued


AnyOrder = Order | InterventionQueued | GuardOrder | CurriculumOrder

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[list[AnyOrder]] = msgspec.msgpack.Decoder(list[AnyOrder])


class Ranks(Protocol):
    """The processes that train together."""

    rank: int

    def share(self, orders: Sequence[AnyOrder]) -> list[AnyOrder]:
        """Return rank 0's orders on every rank; all ranks call this equally often."""

    def all(self, is_so: bool) -> bool:
        """Return whether `is_so` on every rank; all ranks call this equally often."""


class OneProcess:
    """A training that is one process."""

    rank = 0

    def share(self, orders: Sequence[AnyOrder]) -> list[AnyOrder]:
        """Return `orders`."""
        return list(orders)

    def all(self, is_so: bool) -> bool:
        """Return `is_so`."""
        return is_so


class DistributedRanks:
    """The ranks of `torch.distributed`'s process group, which must be there."""

    def __init__(self) -> None:
        """Open the control group; every rank does."""
        import torch.distributed

        self._distributed = torch.distributed
        self._group = torch.distributed.new_group(backend="gloo")
        self.rank = torch.distributed.get_rank()

    def share(self, orders: Sequence[AnyOrder]) -> list[AnyOrder]:
        """Return rank 0's orders on every rank; blocks until all ranks have come."""
        import torch

        data = _encoder.encode(list(orders)) if orders and not self.rank else b""
        length = torch.tensor([len(data)], device="cpu")
        self._distributed.broadcast(length, src=0, group=self._group)
        if not int(length):
            return []
        buffer = torch.frombuffer(bytearray(data), dtype=torch.uint8) if data else _bytes(int(length))
        self._distributed.broadcast(buffer, src=0, group=self._group)
        return _decoder.decode(buffer.numpy().tobytes())

    def all(self, is_so: bool) -> bool:
        """Return whether `is_so` on every rank; blocks until all ranks have come."""
        import torch

        least = torch.tensor([int(is_so)], device="cpu")
        self._distributed.all_reduce(least, op=self._distributed.ReduceOp.MIN, group=self._group)
        return bool(least)


def _bytes(count: int) -> Any:
    import torch

    return torch.empty(count, dtype=torch.uint8, device="cpu")


class SilentLink:
    """The link of ranks above 0, which nobody hears or asks."""

    def emit(self, body: TrainerBody) -> None:
        """Drop `body`: rank 0 tells it."""

    def receive(self, timeout_seconds: float = 0.0) -> list[Order | InterventionQueued]:
        """Return nothing, at once: waiting happens in `Ranks.share`."""
        return []

    def close(self) -> None:
        """Do nothing."""


def join_ranks() -> Ranks:
    """Return the ranks that this process trains with, once rsl-rl has set up its process group."""
    import torch.distributed

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return DistributedRanks()
    return OneProcess()
