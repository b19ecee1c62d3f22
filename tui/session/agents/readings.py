"""What agents read of a run, as plain values: state, metrics with their spread and marks, knobs, changes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from curricula.errors import UsageError
from tui.session.agents.observed import ObservedRun
from tui.session.board.titles import metrics_called
from tui.session.impact.statistics import level
from tui.session.interventions.listing import list_interventions, list_troubles
from tui.session.interventions.marks import Mark, marks_of
from tui.session.knobs.record import knob_record
from tui.session.knobs.rows import is_touched
from tui.session.metrics.series import Series
from tui.session.runs.iterations import iteration_record

MOST_POINTS = 200
"""Points of a curve in an answer."""
_MOST_METRICS = 20


def state_record(run: ObservedRun) -> dict[str, Any]:
    """Return the state of a run: phase, progress, metrics by role of the newest iteration, curricula, problems."""
    state, spec = run.state, run.spec
    return {
        "name": run.folder.name,
        "preset": spec.preset,
        "task": spec.task,
        "device": spec.device,
        "num_envs": spec.num_envs,
        "status": run.status,
        "phase": state.phase and {"phase": state.phase.phase, "detail": state.phase.detail},
        **iteration_record(state.iteration),
        "last_iteration": state.last_iteration,
        "seconds_left": state.seconds_left if run.is_live else None,
        "revision": state.revision,
        "reward": state.latest.get("Train/mean_reward"),
        "metrics": sorted(name for name, series in run.history.series.items() if series.count),
        "queued": sorted(state.queued.keys() - state.interventions.keys() - state.failed.keys()),
        "guards": [trouble.message for trouble in list_troubles(state) if trouble.ended is None],
        "missing": state.missing,
        "checkpoints": [saved.path for saved in state.checkpoints],
    }


def knob_records(run: ObservedRun, pattern: str = "*", *, changed: bool = False) -> dict[str, Any]:
    """Return the knobs whose names fit `pattern`, with bounds, unit, when they take effect and the metric to watch.

    What a knob lacks is left out.
    """
    knobs = [
        state
        for name, state in run.state.knobs.items()
        if fnmatchcase(name, pattern) and (not changed or is_touched(state))
    ]
    return {"revision": run.state.revision, "knobs": [_short(knob_record(state)) for state in knobs]}


def change_records(run: ObservedRun, most: int) -> list[dict[str, Any]]:
    """Return the newest changes of a run, newest first."""
    return [
        _short(
            {
                "number": listed.number,
                "iteration": listed.iteration,
                "author": listed.author,
                "state": listed.state,
                "what": listed.what,
                "reason": listed.note,
                "problem": listed.problem,
                "undoes": listed.undoes,
                "redoes": listed.redoes,
            }
        )
        for listed in list_interventions(run.state)[:most]
    ]


def metric_records(
    run: ObservedRun, names: Iterable[str], first: int | None = None, last: int | None = None, points: int = 20
) -> dict[str, Any]:
    """Return metrics between two iterations, both included: spread, curve, and the marks of changes there.

    Spread is mean, standard deviation, and half the 95 % interval of the mean, which takes into account that
    neighbouring iterations are correlated. The curve has at most `points` parts, each with mean, minimum and maximum.
    Raises `UsageError` for an unknown metric.
    """
    known = [name for name, series in run.history.series.items() if series.count]
    curricula = tuple(run.spec.curricula)
    found = list(dict.fromkeys(metric for name in names for metric in metrics_called(name, known, curricula)))
    if not found or len(found) > _MOST_METRICS:
        raise UsageError(f"expected 1 to {_MOST_METRICS} metrics, got {len(found)}")
    run.history.load(found)
    newest = -1 if run.state.iteration is None else run.state.iteration
    low, high = (run.state.first_iteration if first is None else first), (newest if last is None else last)
    points = min(max(points, 1), MOST_POINTS)
    return {
        "first": low,
        "last": high,
        "metrics": [{"metric": name, **_spread(run.history.series[name], low, high, points)} for name in found],
        "marks": [_mark(mark) for mark in marks_of(run.state) if low <= mark.iteration <= high],
    }


def _spread(series: Series, first: int, last: int, points: int) -> dict[str, Any]:
    start, stop = series.rows_from(np.array([first, last + 1]))
    iterations, values = series.xs[start:stop], series.ys[start:stop].astype(np.float64)
    finite = np.isfinite(values)
    iterations, values = iterations[finite], values[finite]
    lost = int((~finite).sum())
    if not len(values):
        return {"count": 0, "not_finite": lost}
    stats = level(iterations, values)
    parts = np.array_split(np.arange(len(values)), min(points, len(values)))
    return {
        "count": stats.count,
        "not_finite": lost,
        "newest": float(values[-1]),
        "mean": stats.mean,
        "half_width": stats.half_width if stats.is_known else None,
        "standard_deviation": float(values.std(ddof=1)) if len(values) > 1 else None,
        "minimum": float(values.min()),
        "maximum": float(values.max()),
        "slope_per_iteration": None if math.isnan(stats.slope) else stats.slope,
        "curve": [
            {
                "first": int(iterations[part[0]]),
                "last": int(iterations[part[-1]]),
                "mean": float(values[part].mean()),
                "minimum": float(values[part].min()),
                "maximum": float(values[part].max()),
            }
            for part in parts
        ],
    }


def _mark(mark: Mark) -> dict[str, Any]:
    return {"iteration": mark.iteration, "label": mark.label, "author": mark.author, "text": mark.text}


def _short(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record without what is unknown or empty: an agent reads hundreds of them."""
    return {name: value for name, value in record.items() if value is not None and value != "" and value != []}
