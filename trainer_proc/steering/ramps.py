"""Values on their way: an intervention spread over several iterations."""

from __future__ import annotations

import msgspec

from curricula.values import between
from trainer_proc.contract.knob import RampShape, Value, When


class RampInProgress(msgspec.Struct):
    """One knob's ramp from `start` to `target`; `done` of `iterations` steps are taken.

    The steps of a `whole` one are whole numbers.
    """

    knob: str
    start: Value
    target: Value
    iterations: int
    shape: RampShape = "linear"
    done: int = 0
    when: When = "on reset"
    whole: bool = False

    @property
    def iterations_left(self) -> int:
        """Steps to come."""
        return self.iterations - self.done

    def step(self) -> Value:
        """Return the value of the next step; the last is the target exactly."""
        self.done += 1
        if not self.iterations_left:
            return self.target
        value = between(self.start, self.target, self.done / self.iterations, self.shape, digits=None)
        return float(round(value)) if self.whole and not isinstance(value, tuple | str) else value


class Ramps:
    """All ramps of a training, one a knob at most."""

    def __init__(self) -> None:
        """Begin with none."""
        self._ramps: dict[str, RampInProgress] = {}

    def __contains__(self, knob: str) -> bool:
        return knob in self._ramps

    def begin(self, ramp: RampInProgress) -> None:
        """Put a knob on a ramp, in place of the one that it is on."""
        self._ramps[ramp.knob] = ramp

    def end(self, knobs: set[str]) -> tuple[str, ...]:
        """Take knobs off their ramps; return those that were on one."""
        ended = tuple(name for name in self._ramps if name in knobs)
        for name in ended:
            del self._ramps[name]
        return ended

    def step(self) -> dict[str, Value]:
        """Return every ramping knob's next value; ramps that arrive end with it."""
        values = {name: ramp.step() for name, ramp in self._ramps.items()}
        self._ramps = {name: ramp for name, ramp in self._ramps.items() if ramp.iterations_left}
        return values

    def iterations_left(self, knob: str) -> int:
        """Return how many steps a knob's ramp still takes, 0 if it is on none."""
        return self._ramps[knob].iterations_left if knob in self._ramps else 0

    def snapshot(self) -> list[RampInProgress]:
        """Return copies of all ramps, to be kept with a checkpoint."""
        return [msgspec.structs.replace(ramp) for ramp in self._ramps.values()]
