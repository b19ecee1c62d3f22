"""A knob bound to the object that the simulator or the algorithm really uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from trainer_proc.contract.knob import Knob, Value, When


@dataclass(frozen=True)
class LiveKnob:
    """A described knob and the way to its value; all of it is called between iterations only.

    `resample` samples a startup randomization again, None for knobs of other kinds. Knobs of one term share it, so that
    a change of several of them samples once.
    """

    description: Knob
    read: Callable[[], Value]
    write: Callable[[Value], None]
    resample: Callable[[When], None] | None = None

    @property
    def name(self) -> str:
        """The knob's name."""
        return self.description.name


class CompetingWriter(Protocol):
    """Something else of the training that writes knobs too: the task's curriculum, the adaptive schedule."""

    def competing_writer_of(self, knob: str) -> str:
        """Return who writes `knob`, as far as is known by now; empty if nobody."""

    def hold(self, knob: str) -> bool:
        """Keep `knob` at its present value whatever writes it; return whether something is known to write it."""

    def release(self, knob: str) -> None:
        """Hold `knob` no longer and set it to what its other writer has meant it to be."""

    def new_iteration(self) -> None:
        """Hear that an iteration has ended; called between iterations."""


@dataclass(frozen=True)
class TrainingKnobs:
    """All that can be turned in a built training, in the order in which it is shown."""

    knobs: list[LiveKnob]
    competing_writers: list[CompetingWriter]
