"""Changes of a run as steps of a recording (`curricula.recording`), which repeats them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from curricula.recording import RecordedRamp, RecordedStep
from curricula.values import is_close
from trainer_proc.contract.knob import Value
from trainer_proc.contract.messages import Frame, InterventionApplied, InterventionQueued, Origin, PhaseChanged
from tui.session.state import RunState

USER: frozenset[Origin] = frozenset({"person"})
EVERYONE: frozenset[Origin] = frozenset({"person", "curriculum", "guard", "schedule"})
"""Origins of changes while a run trains; values from launch or checkpoint are no steps."""


def recorded_steps(frames: Iterable[Frame], state: RunState, origins: frozenset[Origin] = USER) -> list[RecordedStep]:
    """Return the applied changes by `origins` after the first iteration, in order.

    `state` is the fold of `frames`. First levels of curricula are no steps: see `first_levels`.
    """
    late = _applied_in_pauses(frames)
    steps = (
        _step(applied, state.queued.get(applied.number), applied.number in late)
        for applied in state.interventions.values()
        if applied.origin in origins and applied.iteration > state.first_iteration
    )
    return [step for step in steps if step.set or step.unpin or step.stop_ramps]


def first_levels(state: RunState) -> dict[str, Value]:
    """Return the initial levels of curricula and their values."""
    first = (applied for applied in state.interventions.values() if applied.iteration == state.first_iteration)
    by_curricula = (applied for applied in first if applied.origin in ("curriculum", "schedule"))
    return {change.knob: change.new for applied in by_curricula for change in applied.changes}


def launch_values(state: RunState, asked: Mapping[str, Value]) -> dict[str, Value]:
    """Return the launch values: those `asked` for, and what they set in curricula."""
    launched = (applied for applied in state.interventions.values() if applied.origin == "launch")
    meant = {change.knob: change.new for applied in launched for change in applied.changes}
    return {knob: _as_asked(asked.get(knob), value) for knob, value in meant.items()} or dict(asked)


def without_deciders(values: Mapping[str, Value]) -> dict[str, Value]:
    """Return `values` with curricula on hold and guards only warning."""
    return {knob: _undecided(knob, value) for knob, value in values.items()}


def _undecided(knob: str, value: Value) -> Value:
    kind, _, rest = knob.partition("/")
    if not rest.endswith("/mode"):
        return value
    return {("curriculum", "auto"): "hold", ("guard", "act"): "warn"}.get((kind, str(value)), value)


def _applied_in_pauses(frames: Iterable[Frame]) -> set[int]:
    """Return the numbers of changes applied while the training was paused."""
    numbers: set[int] = set()
    is_paused = False
    for frame in frames:
        if isinstance(frame.body, PhaseChanged):
            is_paused = frame.body.phase == "paused"
        elif isinstance(frame.body, InterventionApplied) and is_paused:
            numbers.add(frame.body.number)
    return numbers


def _step(applied: InterventionApplied, queued: InterventionQueued | None, late: bool) -> RecordedStep:
    """Return the step that repeats a change; `queued` if it was requested."""
    asked = {change.knob: change.new for change in queued.changes} if queued is not None else {}
    unpin = (*applied.unpinned, *applied.released)
    given_back = set(unpin) - asked.keys() if queued is not None else set()
    values = {change.knob: _as_asked(asked.get(change.knob), change.new) for change in applied.changes}
    targets = applied.ramp.targets if applied.ramp is not None else {}
    values = {knob: targets.get(knob, value) for knob, value in values.items() if knob not in given_back}
    is_again = applied.undoes is not None or applied.redoes is not None
    return RecordedStep(
        iteration=applied.iteration,
        set=values,
        when=applied.when,
        ramp=_ramp(applied, values),
        unpin=unpin,
        stop_ramps=applied.stopped_ramps,
        again=is_again or applied.origin == "guard",
        late=late,
        note=applied.note or ("undo" if applied.undoes is not None else "redo" if is_again else ""),
    )


def _as_asked(asked: Value | None, in_force: Value) -> Value:
    """Return the applied value as it was typed, without a simulator's rounding."""
    return asked if asked is not None and is_close(asked, in_force) else in_force


def _ramp(applied: InterventionApplied, values: Mapping[str, Value]) -> RecordedRamp | None:
    if applied.ramp is None:
        return None
    ramped = tuple(applied.ramp.targets)
    knobs = ramped if set(ramped) != set(values) else ()
    return RecordedRamp(applied.ramp.iterations, applied.ramp.shape, knobs)


def silenced(steps: list[RecordedStep]) -> list[RecordedStep]:
    """Return steps without decisions by curricula and guards; see `without_deciders`."""
    return [msgspec.structs.replace(step, set=without_deciders(step.set)) for step in steps]
