"""The knobs of a training: checked, read and written, all of a change or none of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase

import msgspec

from curricula.errors import UserError
from trainer_proc.contract.errors import TrainingProblem
from trainer_proc.contract.knob import CURRICULUM_KIND, Knob, Value, When, fitted, is_numeric, refusal, unknown_knob
from trainer_proc.knobs.live import LiveKnob, TrainingKnobs


class LaunchValueRefused(TrainingProblem):
    """A value or a bound that the launch asked for can't be set; the message is one line."""


class RefusedElsewhere(UserError):
    """Another rank could not take a change that this one could."""


class KnobSet:
    """All that can be turned, by name, and what else writes it."""

    def __init__(self, training: TrainingKnobs, bounds: Mapping[str, tuple[float, float]]) -> None:
        """Keep each knob within `bounds` (by name or pattern). Raises `LaunchValueRefused` if one bounds nothing."""
        self._competing_writers = training.competing_writers
        self._knobs = {knob.name: _bounded(knob, bounds) for knob in training.knobs}
        for pattern in bounds:
            if not any(fnmatchcase(name, pattern) for name in self._knobs):
                raise LaunchValueRefused(unknown_knob(pattern, list(self._knobs)))

    def __iter__(self) -> Iterator[str]:
        """Go through the names, in the order in which they are shown."""
        return iter(self._knobs)

    def read(self, name: str) -> Value:
        """Return what is in force."""
        return self._knobs[name].read()

    def read_all(self) -> dict[str, Value]:
        """Return all values in force."""
        return {name: knob.read() for name, knob in self._knobs.items()}

    def is_whole(self, name: str) -> bool:
        """Tell whether a knob takes whole numbers only."""
        return self._knobs[name].description.type == "integer"

    def described(self) -> tuple[Knob, ...]:
        """Return what there is to be told of all knobs now."""
        return tuple(self._described(knob) for knob in self._knobs.values())

    def can_take(self, name: str, value: Value) -> bool:
        """Tell whether there is such a knob that takes `value`."""
        return name in self._knobs and refusal(self._knobs[name].description, value) is None

    def check(self, values: Mapping[str, Value], asked_by: str = "") -> dict[str, Value]:
        """Return `values` as the knobs mean them.

        Raises `LaunchValueRefused` if one of them can't be set; the message begins with `asked_by`.
        """
        self.check_known(values, asked_by)
        meant: dict[str, Value] = {}
        for name, value in values.items():
            knob = self._knobs[name].description
            meant[name] = fitted(knob, value)
            reason = refusal(knob, meant[name])
            if reason is not None:
                raise LaunchValueRefused(asked_by + reason)
        return meant

    def check_known(self, names: Iterable[str], asked_by: str) -> None:
        """Raise `LaunchValueRefused` if one of `names` is no knob; the message begins with `asked_by`."""
        for name in names:
            if name not in self._knobs:
                raise LaunchValueRefused(asked_by + unknown_knob(name, list(self._knobs)))

    def write(
        self,
        values: Mapping[str, Value],
        when: When,
        on_all_ranks: Callable[[bool], bool],
        released: Collection[str] = (),
        held: Collection[str] = (),
    ) -> dict[str, Value]:
        """Write all of `values` on every rank, or none of them and raise; return the values of before.

        Those `released` are given back to what else writes them; of these, the ones `held` now stay so if it fails.
        """
        old = {name: self.read(name) for name in values}
        resamples = {knob.resample: None for name in values if (knob := self._knobs[name]).resample}
        # curricula hear of what has succeeded only: they count from there, and can't refuse
        of_curricula = [name for name in values if self._knobs[name].description.kind == CURRICULUM_KIND]
        turned = [name for name in values if name not in of_curricula]
        failure: Exception | None = None
        try:
            for name in turned:
                self._knobs[name].write(values[name])
            for name in released:
                self._release(name)
            for resample in resamples:
                resample(when)
        except Exception as error:  # whatever a simulator's function raises
            failure = error
        if on_all_ranks(failure is None):
            for name in of_curricula:
                self._knobs[name].write(values[name])
            return old
        for name in turned:
            with suppress(Exception):  # of the knob that can't be written; the others must get theirs back
                self._knobs[name].write(old[name])
        for name in held:
            self.hold(name)
        for resample in resamples:
            with suppress(Exception):  # some environments may have been drawn from what was refused
                resample(when)
        raise failure or RefusedElsewhere("another of the training processes could not take it")

    def hold(self, name: str) -> bool:
        """Keep a knob at its present value whatever writes it; return whether something is known to write it."""
        held = [writer.hold(name) for writer in self._competing_writers]  # every one must hear of it
        return any(held)

    def new_iteration(self) -> None:
        """Tell what else writes knobs that an iteration has ended."""
        for writer in self._competing_writers:
            writer.new_iteration()

    def _release(self, name: str) -> None:
        for writer in self._competing_writers:
            writer.release(name)

    def _described(self, knob: LiveKnob) -> Knob:
        names = (writer.competing_writer_of(knob.name) for writer in self._competing_writers)
        competing_writer = next((name for name in names if name), "")
        return msgspec.structs.replace(knob.description, value=knob.read(), competing_writer=competing_writer)


def _bounded(knob: LiveKnob, bounds: Mapping[str, tuple[float, float]]) -> LiveKnob:
    description = knob.description
    for pattern, (low, high) in bounds.items():
        if fnmatchcase(knob.name, pattern) and is_numeric(description):
            description = msgspec.structs.replace(
                description,
                minimum=low if description.minimum is None else max(low, description.minimum),
                maximum=high if description.maximum is None else min(high, description.maximum),
            )
    return LiveKnob(description, knob.read, knob.write, knob.resample)
