"""Ramps: changes that are spread over several iterations."""

from __future__ import annotations

import msgspec

from curricula.values import between
from trainer_proc.contract.knob import RampShape, Value, When


class RampInProgress(msgspec.Struct):
    """The ramp of one knob."""

    knob: str
    start: Value
    target: Value
    iterations: int
    """Number of steps, at least 1."""
    shape: RampShape = "linear"
    done: int = 0
    """Number of steps taken."""
    when: When = "on reset"
    """When startup randomizations are resampled."""
    whole: bool = False
    """Whether all steps are rounded to whole numbers."""

    @property
    def iterations_left(self) -> int:
        return self.iterations - self.done

    def step(self) -> Value:
        """Return the value of the next step; the last is the target exactly."""
        self.done += 1
        if not self.iterations_left:
            return self.target
        value = between(self.start, self.target, self.done / self.iterations, self.shape, digits=None)
        return float(round(value)) if self.whole and not isinstance(value, tuple | str) else value


class Ramps:
    """All ramps of a training, at most one per knob."""

    def __init__(self) -> None:
        self._ramps: dict[str, RampInProgress] = {}

    def __contains__(self, knob: str) -> bool:
        return knob in self._ramps

    def begin(self, ramp: RampInProgress) -> None:
        """Begin a ramp; it replaces an earlier one of its knob."""
        self._ramps[ramp.knob] = ramp

    def end(self, knobs: set[str]) -> tuple[str, ...]:
        """End the ramps of `knobs`; return the knobs that had one."""
        ended = tuple(name for name in self._ramps if name in knobs)
        for name in ended:
            del self._ramps[name]
        return ended

    def step(self) -> dict[str, Value]:
        """Return the next value of every ramping knob; completed ramps end."""
        values = {name: ramp.step() for name, ramp in self._ramps.items()}
        self._ramps = {name: ramp for name, ramp in self._ramps.items() if ramp.iterations_left}
        return values

    def iterations_left(self, knob: str) -> int:
        """Return the remaining steps of a knob's ramp, 0 without one."""
        return self._ramps[knob].iterations_left if knob in self._ramps else 0

    def snapshot(self) -> list[RampInProgress]:
        """Return copies of all ramps, for a checkpoint."""
        return [msgspec.structs.replace(ramp) for ramp in self._ramps.values()]
