"""A knob bound to the object that the simulator or the algorithm really uses."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from trainer_proc.wire.messages import Knob


@dataclass(frozen=True)
class LiveKnob:
    """A described knob and the way to its value; `read` and `write` are called on the training thread only."""

    description: Knob
    read: Callable[[], float]
    write: Callable[[float], None]

    @property
    def name(self) -> str:
        """The knob's name."""
        return self.description.name

    def refusal(self, value: float) -> str | None:
        """Return why `value` can't be set, as one line, or None if it can."""
        knob = self.description
        if knob.read_only:
            return f"{knob.name} can't be changed: {knob.read_only}"
        if not math.isfinite(value):
            return f"{knob.name} must be a finite number, not {value}"
        if knob.minimum is not None and value < knob.minimum:
            return f"{knob.name} must be at least {knob.minimum:g}, not {value:g}"
        if knob.maximum is not None and value > knob.maximum:
            return f"{knob.name} must be at most {knob.maximum:g}, not {value:g}"
        return None
