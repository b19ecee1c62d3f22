"""Several training processes act as one: rank 0 takes requests, and all ranks apply them at the same boundary.

rsl-rl runs one process per GPU under `torchrun` and averages gradients. Orders are broadcast over a separate gloo
group on the CPU, so that no GPU waits for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from trainer_proc.contract.messages import InterventionQueued, TrainerBody
from trainer_proc.contract.monitoring import GuardAction
from trainer_proc.contract.orders import Order


class GuardOrder(msgspec.Struct, frozen=True, tag=True):
    """A decision of one of rank 0's guards; the fields are those of `GuardFired`."""

    guard: str
    iteration: int
    message: str
    action: GuardAction
    iterations: int = 1
    """Iterations that show the problem."""
    loads_best: bool = False
    """Whether the best checkpoint is to be loaded."""


class ReloadOrder(msgspec.Struct, frozen=True, tag=True):
    """A user's `Reload`, with the checkpoint that rank 0 has chosen; empty if there is none."""

    checkpoint: str


class GoalOrder(msgspec.Struct, frozen=True, tag=True):
    """The training has reached its goal, for one `reason` in one line."""

    reason: str


class CurriculumOrder(msgspec.Struct, frozen=True, tag=True):
    """A change requested by one of rank 0's curricula."""

    curriculum: str
    requested: InterventionQueued


AnyOrder = Order | InterventionQueued | GuardOrder | ReloadOrder | GoalOrder | CurriculumOrder

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[list[AnyOrder]] = msgspec.msgpack.Decoder(list[AnyOrder])


class Ranks(Protocol):
    """The processes that train together."""

    rank: int
    """Number of this process, from 0."""

    def share(self, orders: Sequence[AnyOrder]) -> list[AnyOrder]:
        """Return rank 0's orders on every rank. All ranks must call this equally often."""

    def all(self, is_so: bool) -> bool:
        """Return whether `is_so` on every rank. All ranks must call this equally often."""


class OneProcess:
    """A training in a single process."""

    rank = 0

    def share(self, orders: Sequence[AnyOrder]) -> list[AnyOrder]:
        return list(orders)

    def all(self, is_so: bool) -> bool:
        return is_so


class DistributedRanks:
    """The ranks of `torch.distributed`'s process group, which must exist. All ranks create this together."""

    def __init__(self) -> None:
        import torch.distributed

        self._distributed = torch.distributed
        self._group = torch.distributed.new_group(backend="gloo")
        self.rank = torch.distributed.get_rank()

    def share(self, orders: Sequence[AnyOrder]) -> list[AnyOrder]:
        """Return rank 0's orders on every rank; blocks until all ranks call it."""
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
        """Return whether `is_so` on every rank; blocks until all ranks call it."""
        import torch

        least = torch.tensor([int(is_so)], device="cpu")
        self._distributed.all_reduce(least, op=self._distributed.ReduceOp.MIN, group=self._group)
        return bool(least)


def _bytes(count: int) -> Any:
    import torch

    return torch.empty(count, dtype=torch.uint8, device="cpu")


class NoOpLink:
    """No-op link for ranks above 0."""

    robot: None = None

    def emit(self, body: TrainerBody) -> None:
        """Drop `body`, which rank 0 publishes."""

    def receive(self, timeout_seconds: float = 0.0) -> list[Order | InterventionQueued]:
        """Return nothing at once; ranks wait in `Ranks.share`."""
        return []

    def close(self) -> None:
        pass


def join_ranks() -> Ranks:
    """Return the ranks that this process trains with; call it after rsl-rl has set up its process group."""
    import torch.distributed

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return DistributedRanks()
    return OneProcess()
