"""Whether a preset's reference fits a run, and what follows from it: bands of charts, and the remaining time."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

from curricula.errors import message_of
from presets.reference import PresetReference, ReferenceFileError, reference_of
from tui.session.state import RunState


def fitting_reference(state: RunState) -> PresetReference | None:
    """Return the reference of the run's preset if the run can be compared with it."""
    reference, problem = _read(state.started.preset) if state.started is not None else (None, "")
    return reference if reference is not None and not problem and not _misfit(reference, state) else None


def reference_problem(state: RunState) -> str:
    """Return why the reference of the run's preset is not drawn; empty if it is, or if there is none."""
    if state.started is None:
        return ""
    reference, problem = _read(state.started.preset)
    return problem or (_misfit(reference, state) if reference is not None else "")


def reference_label(reference: PresetReference) -> str:
    """Return the name of its band on charts."""
    return f"reference: {reference.device}, {reference.num_envs} environments"


def seconds_left(state: RunState) -> float:
    """Return the remaining training time (s): the run's own recent pace, which changes as the reference's did."""
    reference = fitting_reference(state)
    if reference is None or state.iteration is None or not state.seconds_left > 0:
        return state.seconds_left
    now, last = state.iteration, state.last_iteration
    if now >= min(last, reference.iterations[-1]):
        return state.seconds_left
    own_pace = state.seconds_left / (last - now)
    return own_pace / _pace(reference, now) * (_seconds_until(reference, last) - _seconds_until(reference, now))


@lru_cache(64)
def _read(preset: str) -> tuple[PresetReference | None, str]:
    """Return the reference of a preset, and why its file can't be used. Cached: the file does not change in a run."""
    try:
        return reference_of(preset), ""
    except ReferenceFileError as problem:
        return None, message_of(problem)


def _misfit(reference: PresetReference, state: RunState) -> str:
    assert state.started is not None
    if reference.task != state.started.task:
        return f"reference is for task {reference.task}"
    if reference.num_envs != state.started.num_envs:
        return f"reference is for {reference.num_envs} environments"
    if state.first_iteration >= reference.iterations[-1]:
        return f"reference ends at iteration {reference.iterations[-1]}"
    return ""


def _seconds_until(reference: PresetReference, iteration: int) -> float:
    """Return the reference's training time (s) until an iteration; beyond its points, at the pace of the nearest."""
    after = _point_after(reference, iteration)
    return reference.seconds[after] + (iteration - reference.iterations[after]) * _pace(reference, iteration)


def _pace(reference: PresetReference, iteration: int) -> float:
    """Return the reference's seconds per iteration between the two points around an iteration, or the nearest two."""
    after = _point_after(reference, iteration)
    seconds, iterations = reference.seconds, reference.iterations
    return (seconds[after] - seconds[after - 1]) / (iterations[after] - iterations[after - 1])


def _point_after(reference: PresetReference, iteration: int) -> int:
    return min(max(bisect_right(reference.iterations, iteration), 1), len(reference.iterations) - 1)
