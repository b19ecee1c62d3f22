"""Knobs bound to the objects that the simulator and the algorithm use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from trainer_proc.contract.knob import Knob, Value, When


@dataclass(frozen=True)
class LiveKnob:
    """A knob's description and access to its value. Called between iterations only.

    `resample` samples a startup randomization again, None for knobs of other kinds. Knobs of one term share it, so that
    a change of several of them samples once.
    """

    description: Knob
    read: Callable[[], Value]
    write: Callable[[Value], None]
    resample: Callable[[When], None] | None = None

    @property
    def name(self) -> str:
        return self.description.name


class CompetingWriter(Protocol):
    """A part of the training that also writes knobs: the task's curriculum, the adaptive schedule."""

    def competing_writer_of(self, knob: str) -> str:
        """Return the name of the known writer of `knob`; empty if there is none."""

    def hold(self, knob: str) -> bool:
        """Keep `knob` at its present value; return whether it has a known writer."""

    def release(self, knob: str) -> None:
        """Stop holding `knob` and set it to the value that its writer has given it meanwhile."""

    def new_iteration(self) -> None:
        """React to the end of an iteration."""


@dataclass(frozen=True)
class TrainingKnobs:
    """All knobs of a built training, in the order in which they are shown."""

    knobs: list[LiveKnob]
    competing_writers: list[CompetingWriter]
