"""What all curricula have in common: a level, a mode, limits, and the time and episodes spent at the level."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from curricula.values import KnobValues, RampShape, Value, When, is_close

Mode = Literal["auto", "manual", "hold"]
MODES: tuple[Mode, ...] = ("auto", "manual", "hold")
"""`auto`: metrics decide. `manual`: the person sets the level. `hold`: nothing is asked for, knobs are the person's."""

SUCCESS_RATE = "Train/success_rate"
FINISHED_EPISODES = "Train/finished_episodes"

Metrics = Mapping[str, float]


@dataclass(frozen=True)
class Limit:
    """A number that a curriculum decides by and that can be changed while it does; bounds are inclusive."""

    value: float
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a curriculum asks for after an iteration, and why.

    `level` is the one to go to, None stays; `values` are knobs to be set. With `ramp_iterations`, they are reached in
    as many iterations, in equal steps or, `geometric`, in equal ratios; of the knobs those in `ramped`, or all. `unpin`
    are knobs to be given back to what else writes them, `stop_ramps` those that stay where they are. The values of one
    that is done `again` were in force before, and may be so whatever a knob's bounds.
    """

    level: int | None = None
    values: KnobValues = field(default_factory=dict)
    note: str = ""
    ramp_iterations: int = 0
    ramp_shape: RampShape = "linear"
    when: When = "on reset"
    unpin: tuple[str, ...] = ()
    stop_ramps: tuple[str, ...] = ()
    ramped: tuple[str, ...] = ()
    again: bool = False


class Curriculum(ABC):
    """A state machine. It asks; whoever carries it out calls `move` when the level has changed.

    After each iteration, `count` takes its metrics in and `ask` returns what is asked for next.
    """

    kind: ClassVar[str]
    origin: ClassVar[Literal["curriculum", "schedule"]] = "curriculum"
    """Under which name its interventions are shown."""
    repeats_itself = False
    """Whether it asks at once again for what was undone, as it goes by time; others wait for their minimum stay."""

    def __init__(self, name: str, level: int, mode: Mode, limits: dict[str, Limit]) -> None:
        """Begin at `level`."""
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
        """The knobs that it owns: nothing else but a person turns them."""

    @property
    def named(self) -> frozenset[str]:
        """All knobs that it may ask for."""
        return self.knobs

    @abstractmethod
    def values(self, level: int) -> KnobValues:
        """Return the knobs' values at `level`, 0 to `top`."""

    def checked_values(self) -> list[KnobValues]:
        """Return all values that it may ask for and that must be within the knobs' bounds."""
        return [self.values(level) for level in range(self.top + 1)]

    def agrees(self, level: int, values: Mapping[str, Value]) -> bool:
        """Tell whether its knobs may have `values` at `level`; up to a simulator's rounding, they are the level's."""
        return all(is_close(values[knob], value) for knob, value in self.values(level).items())

    def level_text(self, level: int) -> str:
        """Return what a level is in a few words; empty where its values say it."""
        return ""

    def begin(self, iteration: int) -> Decision:
        """Return what makes `iteration`, the training's first, one at the level."""
        return Decision(level=self.level, values=self.values(self.level), note="begins")

    def move(self, level: int) -> None:
        """Be at `level` from the next iteration on."""
        if level != self.level:
            self.level = level
            self._stay_anew()

    def enter(self, mode: Mode) -> None:
        """Be in `mode` from the next iteration on; what was measured on `hold` says nothing about the level."""
        if self.mode == "hold" and mode != "hold":
            self._stay_anew()
        self.mode = mode

    def refused(self, decision: Decision) -> None:
        """Hear that `decision` couldn't be carried out and nothing has changed: ask again after the minimum stay."""
        self._stay_anew()

    def count(self, metrics: Metrics) -> None:
        """Take in an iteration that has finished at this level."""
        finished = metrics.get(FINISHED_EPISODES, 0.0)
        self.stayed += 1
        self.episodes += int(finished) if math.isfinite(finished) else 0

    def ask(self, iteration: int, metrics: Metrics, in_force: Mapping[str, Value]) -> list[Decision]:
        """Return what is asked for after `iteration`: nothing but in `auto`.

        `in_force` are the present values of its knobs, at least. The level changes only once `move` is called.
        """
        return self.decide(iteration, metrics, in_force) if self.mode == "auto" else []

    @abstractmethod
    def decide(self, iteration: int, metrics: Metrics, in_force: Mapping[str, Value]) -> list[Decision]:
        """Do what `ask` says, whatever the mode."""

    @abstractmethod
    def outlook(self, iteration: int, metrics: Metrics) -> str:
        """Return in one line what happens next in `auto`, after `iteration`."""

    def _stay_anew(self) -> None:
        self.stayed = 0
        self.episodes = 0


def measured(metrics: Metrics, name: str) -> float | None:
    """Return a metric; None if it was not measured, or is not finite."""
    value = metrics.get(name)
    return value if value is not None and math.isfinite(value) else None


def counted(number: int, what: str) -> str:
    """Return `1 iteration`, `2 iterations`."""
    return f"{number} {what}{'s' * (number != 1)}"
