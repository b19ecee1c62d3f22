"""A measurement of an algorithm's updates; the diagnostics are made of several, each of which may be impossible."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from trainer_proc.metrics.observer import Observer


@dataclass(frozen=True)
class RecordedUpdate:
    """What a captured update has recorded on the device, where no wrapped method is called."""

    new_log_prob: torch.Tensor
    """Of each mini-batch's actions, of shape [mini-batches, samples]."""
    old_log_prob: torch.Tensor
    """Of the same actions at the rollout, of the same shape."""
    gradient_norms: dict[str, torch.Tensor]
    """Before clipping, by network, each of shape [mini-batches]."""


class UpdatePart(ABC):
    """Measures `algorithm`, whose methods it wraps on the instance. Its own methods may raise anything."""

    what: ClassVar[str]
    """Its name where it is left out."""

    def __init__(self, algorithm: Any, observer: Observer) -> None:
        """Raise `NotObservable` if the algorithm has nothing to measure."""
        self._algorithm = algorithm
        self._name = type(algorithm).__name__
        self._observer = observer

    @abstractmethod
    def values(self) -> dict[str, torch.Tensor]:
        """Return the last update's metrics by name, each a tensor of one number; empty before the first."""

    def begin(self) -> None:  # noqa: B027 (not every part needs it)
        """Begin an update."""

    def take(self, recorded: RecordedUpdate) -> None:  # noqa: B027 (as above)
        """Use what a captured update has recorded; called before `end`."""

    def end(self) -> None:  # noqa: B027 (as above)
        """End a completed update."""

    def close(self) -> None:  # noqa: B027 (as above)
        """End an update, completed or failed."""
