"""The base of all curricula: a level, a mode, limits, and the iterations and episodes spent at the level."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from curricula.needs import Need
from curricula.values import KnobValues, RampShape, Value, When, is_close

Mode = Literal["auto", "manual", "hold"]
MODES: tuple[Mode, ...] = ("auto", "manual", "hold")
"""`auto`: metrics decide. `manual`: the user sets the level. `hold`: requests nothing, the user owns its knobs."""

SUCCESS_RATE = "Train/success_rate"
FINISHED_EPISODES = "Train/finished_episodes"

Metrics = Mapping[str, float]


@dataclass(frozen=True)
class Limit:
    """A number that a curriculum decides by; the user may change it during the training. Bounds are inclusive."""

    value: float
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A curriculum's request after an iteration."""

    level: int | None = None
    """The level to enter; None stays."""
    values: KnobValues = field(default_factory=dict)
    """Knobs to set."""
    note: str = ""
    """The reason, in a few words."""
    ramp_iterations: int = 0
    """Iterations over which `values` are reached; 0 sets them at once."""
    ramp_shape: RampShape = "linear"
    """Equal steps (`linear`) or equal ratios (`geometric`)."""
    ramped: tuple[str, ...] = ()
    """The knobs to ramp; empty for all of `values`."""
    when: When = "on reset"
    """When startup randomizations are resampled."""
    unpin: tuple[str, ...] = ()
    """Knobs to give back to their competing writers."""
    stop_ramps: tuple[str, ...] = ()
    """Knobs whose ramps stop at the present value."""
    again: bool = False
    """Whether `values` were in force before, so that a knob's bounds do not apply."""


class Curriculum(ABC):
    """A state machine over levels.

    After each iteration, `count` is given its metrics and `ask` returns the next requests. `move` is called once a
    requested level is in force. Curricula keep no state outside the journal.
    """

    kind: ClassVar[str]
    origin: ClassVar[Literal["curriculum", "schedule"]] = "curriculum"
    """The source shown for its changes."""
    repeats_itself = False
    """Whether it requests again at once what was undone, as it follows time; others wait for their minimum stay."""

    def __init__(self, name: str, level: int, mode: Mode, limits: dict[str, Limit]) -> None:
        self.name = name
        self.level = level
        self.mode: Mode = mode
        self.limits = limits
        self.stayed = 0
        """Iterations finished at this level."""
        self.episodes = 0
        """Episodes finished at this level."""

    @property
    @abstractmethod
    def top(self) -> int:
        """The highest level; the lowest is 0."""

    @property
    @abstractmethod
    def knobs(self) -> frozenset[str]:
        """The knobs that it owns: only the user sets them besides."""

    @property
    def named(self) -> frozenset[str]:
        """All knobs that it may set."""
        return self.knobs

    @abstractmethod
    def values(self, level: int) -> KnobValues:
        """Return the knobs' values at `level`, 0 to `top`."""

    def checked_values(self) -> list[KnobValues]:
        """Return all values that it may request and that must be within the knobs' bounds."""
        return [self.values(level) for level in range(self.top + 1)]

    def agrees(self, level: int, values: Mapping[str, Value]) -> bool:
        """Tell whether `values` of its knobs belong to `level`, up to a simulator's rounding."""
        return all(is_close(values[knob], value) for knob, value in self.values(level).items())

    def level_text(self, level: int) -> str:
        """Describe a level in a few words; empty where its values suffice."""
        return ""

    def begin(self, iteration: int) -> Decision:
        """Return the decision that applies the level at `iteration`, the training's first."""
        return Decision(level=self.level, values=self.values(self.level), note="begins")

    def move(self, level: int) -> None:
        """Enter `level` from the next iteration on."""
        if level != self.level:
            self.level = level
            self._restart_stay()

    def enter(self, mode: Mode) -> None:
        """Enter `mode` from the next iteration on. Metrics measured during `hold` do not count for the level."""
        if self.mode == "hold" and mode != "hold":
            self._restart_stay()
        self.mode = mode

    def refused(self, decision: Decision) -> None:
        """Note that `decision` was rejected and nothing has changed; request again after the minimum stay."""
        self._restart_stay()

    def count(self, metrics: Metrics) -> None:
        """Count an iteration that has finished at this level."""
        finished = metrics.get(FINISHED_EPISODES, 0.0)
        self.stayed += 1
        self.episodes += int(finished) if math.isfinite(finished) else 0

    def ask(self, iteration: int, metrics: Metrics, in_force: Mapping[str, Value]) -> list[Decision]:
        """Return the requests after `iteration`; none unless in `auto`.

        `in_force` has the present values of at least its knobs. The level changes only once `move` is called.
        """
        return self.decide(iteration, metrics, in_force) if self.mode == "auto" else []

    @abstractmethod
    def decide(self, iteration: int, metrics: Metrics, in_force: Mapping[str, Value]) -> list[Decision]:
        """Return the requests after `iteration`, whatever the mode."""

    @abstractmethod
    def outlook(self, iteration: int, metrics: Metrics) -> str:
        """Describe in one line the next step in `auto`, after `iteration`."""

    def conditions(self, iteration: int, metrics: Metrics) -> str:
        """Describe in one line when the next step in `auto` comes, without the values that `needs` returns."""
        return self.outlook(iteration, metrics)

    def needs(self, iteration: int, metrics: Metrics) -> list[Need]:
        """Return all conditions of the next step up in `auto`, after `iteration`; none without a next step."""
        return []

    def _restart_stay(self) -> None:
        self.stayed = 0
        self.episodes = 0


def measured(metrics: Metrics, name: str) -> float | None:
    """Return a metric; None if it was not measured, or is not finite."""
    value = metrics.get(name)
    return value if value is not None and math.isfinite(value) else None


def counted(number: int, what: str) -> str:
    """Return `1 iteration`, `2 iterations`."""
    return f"{number} {what}{'s' * (number != 1)}"
