"""The knobs of a training: checked, read and written, each change completely or not at all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import partial
from typing import TypeVar

import msgspec

from curricula.errors import UserError
from trainer_proc.contract.errors import TrainingError
from trainer_proc.contract.knob import CURRICULUM_KIND, Knob, Value, When, fitted, is_numeric, refusal, unknown_knob
from trainer_proc.knobs.live import CompetingWriter, LiveKnob, TrainingKnobs
from trainer_proc.metrics.observer import Observer

_Result = TypeVar("_Result")


class LaunchValueError(TrainingError):
    """A value, bound, curriculum or success definition of the launch does not fit; the message is one line."""


class OtherRankError(UserError):
    """Another rank could not apply a change that this one could."""


class KnobSet:
    """All knobs by name, and their competing writers.

    `bounds` narrow knobs, by name or pattern with `*`. Raises `LaunchValueError` for a pattern that matches none.
    """

    def __init__(
        self, training: TrainingKnobs, bounds: Mapping[str, tuple[float, float]], observer: Observer | None = None
    ) -> None:
        self._observer = observer or Observer()
        self._competing_writers = training.competing_writers
        self._knobs = {knob.name: _bounded(knob, bounds) for knob in training.knobs}
        for pattern in bounds:
            if not any(fnmatchcase(name, pattern) for name in self._knobs):
                raise LaunchValueError(unknown_knob(pattern, list(self._knobs)))
        self._last = {name: knob.description.value for name, knob in self._knobs.items()}

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names in display order."""
        return iter(self._knobs)

    def read(self, name: str) -> Value:
        """Return the value in force; the last known one if it can't be read, as of a term that was removed."""
        value = self._observer.attempt_again(f"value of {name}", self._knobs[name].read)
        if value is not None:
            self._last[name] = value
        return self._last[name]

    def read_all(self) -> dict[str, Value]:
        """Return all values in force. Called once an iteration and more: without the work of `read` where it can."""
        values: dict[str, Value] = {}
        for name, knob in self._knobs.items():
            try:
                values[name] = knob.read()
            except Exception:  # as of a term that was removed
                values[name] = self.read(name)
        self._last = dict(values)
        return values

    def is_whole(self, name: str) -> bool:
        """Return whether a knob takes whole numbers only."""
        return self._knobs[name].description.type == "integer"

    def descriptions(self) -> tuple[Knob, ...]:
        """Return current descriptions of all knobs."""
        return tuple(self._description(knob) for knob in self._knobs.values())

    def can_take(self, name: str, value: Value) -> bool:
        """Return whether knob `name` exists and takes `value`."""
        return name in self._knobs and refusal(self._knobs[name].description, value) is None

    def check(self, values: Mapping[str, Value], requested_by: str = "") -> dict[str, Value]:
        """Return `values` converted to the knobs' types.

        Raises `LaunchValueError` if one of them can't be set; the message begins with `requested_by`.
        """
        self.check_known(values, requested_by)
        meant: dict[str, Value] = {}
        for name, value in values.items():
            knob = self._knobs[name].description
            meant[name] = fitted(knob, value)
            reason = refusal(knob, meant[name])
            if reason is not None:
                raise LaunchValueError(requested_by + reason)
        return meant

    def check_known(self, names: Iterable[str], requested_by: str) -> None:
        """Raise `LaunchValueError` if one of `names` is no knob; the message begins with `requested_by`."""
        for name in names:
            if name not in self._knobs:
                raise LaunchValueError(requested_by + unknown_knob(name, list(self._knobs)))

    def write(
        self,
        values: Mapping[str, Value],
        when: When,
        on_all_ranks: Callable[[bool], bool],
        released: Collection[str] = (),
        held: Collection[str] = (),
    ) -> dict[str, Value]:
        """Write all of `values` on every rank, or none of them and raise; return the values before.

        `released` knobs go to their competing writers; of these, `held` ones are held again if the write fails. Raises
        what a knob raised, or `OtherRankError`.
        """
        old = {name: self._knobs[name].read() for name in values}
        resamples = {knob.resample: None for name in values if (knob := self._knobs[name]).resample}
        # curricula only get changes that succeeded: they start counting there and can't refuse
        of_curricula = [name for name in values if self._knobs[name].description.kind == CURRICULUM_KIND]
        simulated = [name for name in values if name not in of_curricula]
        failure: Exception | None = None
        try:
            for name in simulated:
                self._knobs[name].write(values[name])
            for name in released:
                self._release(name)
            for resample in resamples:
                resample(when)
        except Exception as error:  # simulators raise anything
            failure = error
        if on_all_ranks(failure is None):
            for name in of_curricula:
                self._knobs[name].write(values[name])
            return old
        for name in simulated:
            with suppress(Exception):  # one knob can't be written; restore the others
                self._knobs[name].write(old[name])
        for name in held:
            self.hold(name)
        for resample in resamples:
            with suppress(Exception):  # some environments may already be resampled from the refused values
                resample(when)
        raise failure or OtherRankError("another training process could not apply it")

    def hold(self, name: str) -> bool:
        """Keep a knob at its present value against competing writers; return whether one is known."""
        held = [writer.hold(name) for writer in self._competing_writers]  # a list, so that all of them are called
        return any(held)

    def new_iteration(self) -> None:
        """Notify competing writers that an iteration has ended."""
        for writer in self._competing_writers:
            self._probed(writer, writer.new_iteration)

    def _probed(self, writer: CompetingWriter, probe: Callable[[], _Result]) -> _Result | None:
        return self._observer.attempt(f"probe of {type(writer).__name__}", probe)

    def _release(self, name: str) -> None:
        for writer in self._competing_writers:
            writer.release(name)

    def _description(self, knob: LiveKnob) -> Knob:
        names = [
            self._probed(writer, partial(writer.competing_writer_of, knob.name)) for writer in self._competing_writers
        ]
        competing_writer = next((name for name in names if name), "")
        return msgspec.structs.replace(knob.description, value=self.read(knob.name), competing_writer=competing_writer)


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
