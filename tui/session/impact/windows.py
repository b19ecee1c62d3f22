"""Which iterations are before an intervention and which after it, and what else happened in them."""

from __future__ import annotations

from dataclasses import dataclass

from trainer_proc.contract.messages import InterventionApplied
from tui.session.state import RunState

DEFAULT_ITERATIONS = 50
"""How many are compared on each side unless told otherwise."""
_DECIDES_LATER = ("guard/", "curriculum/")
"""Knobs that do nothing to a training but let something else decide, whose interventions are its own."""


@dataclass(frozen=True)
class Window:
    """The iterations from `first` to `last`, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many iterations there are."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class Windows:
    """The iterations before and after an intervention, equally many; None on both sides if there are none on one.

    `wanted` is how many were asked for on each side. `limits` say, a line each, why there are fewer, and `remarks` what
    else counts in: a ramp, other interventions at the same time.
    """

    before: Window | None
    after: Window | None
    wanted: int
    limits: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def windows_of(applied: InterventionApplied, state: RunState, wanted: int) -> Windows:
    """Return at most `wanted` iterations (at least 1) on each side, up to the neighbouring interventions.

    A ramp counts from where it has ended. A neighbour counts from the iteration at which it was applied, and before the
    intervention until its own ramp has ended. One that does nothing to the training by itself is no neighbour.
    """
    past = [other for other in state.interventions.values() if other is applied or _acts(other)]
    others = [other for other in past if other is not applied]
    earliest, limit_before = _earliest(applied, past, state)
    start = _done(applied, past)
    latest, limit_after = _latest(start, others, state)
    available = (applied.iteration - earliest, latest - start + 1)
    length = max(min(wanted, *available), 0)
    limits = [
        f"{'no more' if length else 'nothing'} {side}: {limit}"
        for count, side, limit in zip(available, ("before", "after"), (limit_before, limit_after), strict=True)
        if length == max(count, 0) < wanted
    ]
    remarks = (*_ramp_remarks(applied, start, others), *_other_remarks(applied, past))
    if not length:
        return Windows(None, None, wanted, tuple(limits), remarks)
    before = Window(applied.iteration - length, applied.iteration - 1)
    return Windows(before, Window(start, start + length - 1), wanted, tuple(limits), remarks)


def _earliest(applied: InterventionApplied, past: list[InterventionApplied], state: RunState) -> tuple[int, str]:
    """Return the first iteration that may count as before, and what lies in front of it."""
    earliest, why = state.first_iteration, f"the run began at {state.first_iteration}"
    for other in past:
        if other.iteration >= applied.iteration:
            continue
        done = _done(other, past)
        begin = done if done <= applied.iteration else other.iteration
        if begin > earliest:
            ramp = f", its ramp until {done - 1}" if begin > other.iteration else ""
            earliest, why = begin, f"#{other.number} at {other.iteration}{ramp}"
    return earliest, why


def _latest(start: int, others: list[InterventionApplied], state: RunState) -> tuple[int, str]:
    """Return the last iteration that may count as after, and what comes behind it."""
    last = -1 if state.iteration is None else state.iteration
    later = min((other for other in others if other.iteration > start), key=lambda other: other.iteration, default=None)
    if later is not None and later.iteration <= last:
        return later.iteration - 1, f"#{later.number} at {later.iteration}"
    return last, f"the run is at {last}"


def _done(applied: InterventionApplied, past: list[InterventionApplied]) -> int:
    """Return the first iteration under an intervention's last values: a ramp's end, or where another has ended it."""
    if applied.ramp is None:
        return applied.iteration
    planned = applied.iteration + applied.ramp.iterations - 1
    knobs = applied.ramp.targets or [change.knob for change in applied.changes]
    ends = [min([planned, *(other.iteration for other in past if _ends_ramp(other, applied, knob))]) for knob in knobs]
    return max(ends, default=planned)


def _ends_ramp(other: InterventionApplied, applied: InterventionApplied, knob: str) -> bool:
    touches = knob in other.stopped_ramps or any(change.knob == knob for change in other.changes)
    return touches and other.number > applied.number


def _ramp_remarks(applied: InterventionApplied, start: int, others: list[InterventionApplied]) -> list[str]:
    """Return what is to be said of the intervention's own ramp."""
    if applied.ramp is None or start == applied.iteration:
        return []
    remarks = [f"its ramp is left out: {applied.iteration} to {start - 1}"]
    knobs = applied.ramp.targets
    enders = [o for o in others if o.iteration == start and any(_ends_ramp(o, applied, knob) for knob in knobs)]
    if enders:
        remarks = [f"{remarks[0]}, where {_numbers(enders)} ended it"]
    inside = [other for other in others if applied.iteration < other.iteration < start]
    return [*remarks, f"during its ramp: {_numbers(inside)}"] if inside else remarks


def _other_remarks(applied: InterventionApplied, past: list[InterventionApplied]) -> list[str]:
    """Return what else was changed while the intervention was."""
    together = [other for other in past if other is not applied and other.iteration == applied.iteration]
    running = [other for other in past if other.iteration < applied.iteration < _done(other, past)]
    said = [("at the same iteration:", together), ("during the ramp of", running)]
    return [f"{how} {_numbers(which)}" for how, which in said if which]


def _acts(applied: InterventionApplied) -> bool:
    """Tell whether an intervention does something to the training by itself."""
    moved = [change.knob for change in applied.changes if change.old != change.new]
    moved += [*(applied.ramp.targets if applied.ramp is not None else ()), *applied.stopped_ramps]
    return any(not knob.startswith(_DECIDES_LATER) for knob in moved)


def _numbers(interventions: list[InterventionApplied]) -> str:
    return ", ".join(f"#{other.number}" for other in interventions)
