"""Recorded steps triggered by a metric instead of an iteration."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from itertools import pairwise
from typing import Literal

import msgspec

from curricula.errors import UsageError, suggestion
from curricula.recording import RecordedStep
from trainer_proc.contract.codec import unpack_values
from trainer_proc.contract.messages import Frame, IterationFinished, MetricSet

Side = Literal["above", "below"]

_DIGITS = 6


def metric_values(frames: Iterable[Frame], metric: str) -> dict[int, float]:
    """Return the finite values of `metric` by iteration, in order. Raises `UsageError` if there are none."""
    sets: dict[int, tuple[str, ...]] = {}
    known: set[str] = set()
    values: dict[int, float] = {}
    for frame in frames:
        if isinstance(frame.body, MetricSet):
            sets[frame.body.id] = frame.body.names
            known.update(frame.body.names)
        elif isinstance(frame.body, IterationFinished):
            named = dict(zip(sets.get(frame.body.metric_set, ()), unpack_values(frame.body.values), strict=False))
            if math.isfinite(value := named.get(metric, math.nan)):
                values[frame.body.iteration] = value
    if not values:
        raise UsageError(f"no such metric: {metric}{suggestion(metric, known)}")
    return values


def triggered_by(
    metric: str, values: dict[int, float], steps: list[RecordedStep], first_iteration: int
) -> list[RecordedStep]:
    """Return `steps` triggered once `metric` reaches the value that it had when they were requested.

    Steps requested before the run finished its `first_iteration` keep their iteration. The direction, rising or
    falling, is that of the metric since the step before, or since it was first published. Raises `UsageError` if a
    step comes before the first value.
    """
    published = list(values)
    seen = [step for step in steps if step.iteration is not None and step.iteration > first_iteration + 1]
    moments = [_latest(metric, published, step) for step in seen]
    sides: list[Side] = ["above"]
    for before, now in pairwise([published[0], *moments]):
        rise = values[now] - values[before]
        sides.append(sides[-1] if rise == 0 else "above" if rise > 0 else "below")
    triggered = [
        msgspec.structs.replace(step, iteration=None, metric=metric, value=_reached(values[moment], side), side=side)
        for step, moment, side in zip(seen, moments, sides[1:], strict=True)
    ]
    return [*steps[: len(steps) - len(seen)], *triggered]


def _latest(metric: str, published: list[int], step: RecordedStep) -> int:
    """Return the last iteration before the step with a value of the metric."""
    assert step.iteration is not None
    count = bisect_right(published, step.iteration - 1)
    if not count:
        raise UsageError(
            f"{metric} was first published after iteration {published[0]}, but a change was applied @{step.iteration}: "
            "record by another metric, or without one"
        )
    return published[count - 1]


def _reached(value: float, side: Side) -> float:
    """Return `value` rounded to a few digits, such that the published float32 reaches it."""
    import numpy as np  # too slow for other commands

    towards = -math.inf if side == "above" else math.inf
    lenient = float(np.nextafter(np.float32(value), np.float32(towards)))
    if not lenient:
        return 0.0
    digits = _DIGITS - 1 - math.floor(math.log10(abs(lenient)))
    rounded = round(lenient, digits)
    if (rounded > lenient) if side == "above" else (rounded < lenient):
        rounded = round(rounded + math.copysign(10.0**-digits, towards), digits)
    return rounded
