"""A measurement of an algorithm's updates; the diagnostics are made of several, each of which may be impossible."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch

from trainer_proc.metrics.observer import Observer


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

    def end(self) -> None:  # noqa: B027 (as above)
        """End a completed update."""

    def close(self) -> None:  # noqa: B027 (as above)
        """End an update, completed or failed."""
