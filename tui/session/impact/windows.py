"""Iterations to compare before and after a change, and other changes in them."""

from __future__ import annotations

from dataclasses import dataclass

from trainer_proc.contract.messages import InterventionApplied
from tui.session.state import RunState

DEFAULT_ITERATIONS = 50
"""Iterations on each side by default."""
_DECIDES_LATER = ("guard/", "curriculum/")
"""Knobs without an own effect: they let a guard or curriculum decide, whose changes count themselves."""


@dataclass(frozen=True)
class Window:
    """The iterations from `first` to `last`, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """Number of iterations."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class Windows:
    """Equally many iterations before and after a change; both None if one side has none.

    `wanted` is the requested number on each side. `limits` say, a line each, why there are fewer. `remarks` name what
    else affects the result: a ramp, other changes at the same time.
    """

    before: Window | None
    after: Window | None
    wanted: int
    limits: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def windows_of(applied: InterventionApplied, state: RunState, wanted: int) -> Windows:
    """Return at most `wanted` iterations (at least 1) on each side, up to the neighbouring changes.

    The window after a ramp begins at its end. A neighbour counts from the iteration at which it was applied, and before
    the change until its own ramp has ended. Changes without an own effect are no neighbours.
    """
    past = [other for other in state.interventions.values() if other is applied or _acts(other)]
    others = [other for other in past if other is not applied]
    earliest, limit_before = _earliest(applied, past, state)
    start = _done(applied, past)
    latest, limit_after = _latest(start, others, state)
    available = (applied.iteration - earliest, latest - start + 1)
    length = max(min(wanted, *available), 0)
    limits = [
        f"{side}-window limited by {limit}"
        for count, side, limit in zip(available, ("before", "after"), (limit_before, limit_after), strict=True)
        if length == max(count, 0) < wanted
    ]
    remarks = (*_ramp_remarks(applied, start, others), *_other_remarks(applied, past))
    if not length:
        return Windows(None, None, wanted, tuple(limits), remarks)
    before = Window(applied.iteration - length, applied.iteration - 1)
    return Windows(before, Window(start, start + length - 1), wanted, tuple(limits), remarks)


def _earliest(applied: InterventionApplied, past: list[InterventionApplied], state: RunState) -> tuple[int, str]:
    """Return the first iteration of the window before, and what limits it."""
    earliest, why = state.first_iteration, f"the start of the run (iteration {state.first_iteration})"
    for other in past:
        if other.iteration >= applied.iteration:
            continue
        done = _done(other, past)
        begin = done if done <= applied.iteration else other.iteration
        if begin > earliest:
            ramp = f", ramp until {done - 1}" if begin > other.iteration else ""
            earliest, why = begin, f"#{other.number} (iteration {other.iteration}{ramp})"
    return earliest, why


def _latest(start: int, others: list[InterventionApplied], state: RunState) -> tuple[int, str]:
    """Return the last iteration of the window after, and what limits it."""
    last = -1 if state.iteration is None else state.iteration
    later = min((other for other in others if other.iteration > start), key=lambda other: other.iteration, default=None)
    if later is not None and later.iteration <= last:
        return later.iteration - 1, f"#{later.number} (iteration {later.iteration})"
    return last, f"the newest iteration ({last})"


def _done(applied: InterventionApplied, past: list[InterventionApplied]) -> int:
    """Return the first iteration at a change's final values: the end of its ramp, or where another change ended it."""
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
    """Return remarks on the change's own ramp."""
    if applied.ramp is None or start == applied.iteration:
        return []
    remarks = [f"ramp {applied.iteration}–{start - 1} excluded"]
    knobs = applied.ramp.targets
    enders = [o for o in others if o.iteration == start and any(_ends_ramp(o, applied, knob) for knob in knobs)]
    if enders:
        remarks = [f"{remarks[0]}, ended by {_numbers(enders)}"]
    inside = [other for other in others if applied.iteration < other.iteration < start]
    return [*remarks, f"other changes during the ramp: {_numbers(inside)}"] if inside else remarks


def _other_remarks(applied: InterventionApplied, past: list[InterventionApplied]) -> list[str]:
    """Return remarks on other changes at the same time."""
    together = [other for other in past if other is not applied and other.iteration == applied.iteration]
    running = [other for other in past if other.iteration < applied.iteration < _done(other, past)]
    groups = [("other changes at the same iteration:", together), ("applied during the ramp of", running)]
    return [f"{how} {_numbers(which)}" for how, which in groups if which]


def _acts(applied: InterventionApplied) -> bool:
    """Return whether a change has an effect of its own on the training."""
    moved = [change.knob for change in applied.changes if change.old != change.new]
    moved += [*(applied.ramp.targets if applied.ramp is not None else ()), *applied.stopped_ramps]
    return any(not knob.startswith(_DECIDES_LATER) for knob in moved)


def _numbers(interventions: list[InterventionApplied]) -> str:
    return ", ".join(f"#{other.number}" for other in interventions)
