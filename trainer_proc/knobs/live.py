"""A knob bound to the object that the simulator or the algorithm really uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trainer_proc.wire.messages import Knob


@dataclass(frozen=True)
class LiveKnob:
    """A described knob and the way to its value; `read` and `write` are called between iterations only."""

    description: Knob
    read: Callable[[], float]
    write: Callable[[float], None]

    @property
    def name(self) -> str:
        """The knob's name."""
        return self.description.name
