"""What all curricula have in common: a level, a mode, limits, and the time and episodes spent at the level."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from curricula.values import KnobValues

Mode = Literal["auto", "manual", "hold"]
MODES: tuple[Mode, ...] = ("auto", "manual", "hold")
"""`auto`: metrics decide. `manual`: the person sets the level. `hold`: nothing is asked for, knobs are the person's."""

RampShape = Literal["linear", "geometric"]

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


@dataclass(frozen=True)
class Decision:
    """What a curriculum asks for after an iteration, and why.

    `level` is the one to go to, None stays; `values` are knobs to be set. With `ramp_iterations`, they are reached in
    as many iterations, in equal steps or, `geometric`, in equal ratios. `unpin` are knobs to be given back to what else writes them,
    `stop_ramps` those that stay where they are.
    """

    level: int | None = None
    values: KnobValues = field(default_factory=dict)
    note: str = ""
    ramp_iterations: int = 0
    ramp_shape: RampShape = "linear"
    when: Literal["on reset", "now"] = "on reset"
    unpin: tuple[str, ...] = ()
    stop_ramps: tuple[str, ...] = ()


class Curriculum(ABC):
    """A state machine. It asks; whoever carries it out calls `move` when the level has changed."""

    kind: ClassVar[str]

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

    @abstractmethod
    def values(self, level: int) -> KnobValues:
        """Return the knobs' values at `level`, 0 to `top`."""

    @property
    def when(self) -> Literal["on reset", "now"]:
        """When a startup randomization of a new level is drawn."""
        return "on reset"

    def level_text(self, level: int) -> str:
        """Return what a level is in a few words; empty where its values say it."""
        return ""

    def move(self, level: int) -> None:
        """Be at `level` from the next iteration on."""
        if level != self.level:
            self.level = level
            self.stayed = 0
            self.episodes = 0

    def enter(self, mode: Mode) -> None:
        """Be in `mode` from the next iteration on."""
        self.mode = mode

    def step(self, iteration: int, metrics: Metrics) -> list[Decision]:
        """Take in the metrics of `iteration`, which has finished; return what is asked for next, in `auto`."""
        self.stayed += 1
        self.episodes += int(metrics.get(FINISHED_EPISODES, 0.0))
        return self.decide(iteration, metrics) if self.mode == "auto" else []

    @abstractmethod
    def decide(self, iteration: int, metrics: Metrics) -> list[Decision]:
        """Return what is asked for after `iteration`; the level changes only once `move` is called."""

    @abstractmethod
    def outlook(self, iteration: int, metrics: Metrics) -> str:
        """Return in one line what happens next in `auto`, after `iteration`."""
