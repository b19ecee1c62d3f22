"""Another library's PPO with the attribute names of rsl-rl's, which the knobs use."""

from __future__ import annotations

from typing import Any


class RenamedSetting:
    """Descriptor: attribute `name` of `algorithm.settings` under rsl-rl's name; None if the library lacks it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, algorithm: Any, owner: type | None = None) -> Any:
        return getattr(algorithm.settings, self._name, None)

    def __set__(self, algorithm: Any, value: Any) -> None:
        setattr(algorithm.settings, self._name, value)


class LibraryAlgorithm:
    """PPO of another library: its settings, its optimizer and its adaptive schedule."""

    def __init__(self, settings: Any, optimizer: Any, adaptive_schedule: Any) -> None:
        self.settings = settings
        self.optimizer = optimizer
        self.losses: dict[str, float] = {}
        """Losses that a wrapper of `update` adds to the library's own."""
        self._adaptive = adaptive_schedule

    @property
    def desired_kl(self) -> float:
        """KL threshold of the adaptive schedule."""
        return float(self._adaptive.kl_threshold)

    @desired_kl.setter
    def desired_kl(self, value: float) -> None:
        self._adaptive.kl_threshold = value
