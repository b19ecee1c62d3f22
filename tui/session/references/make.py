"""Make a preset's reference from recorded runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from curricula.errors import UserError
from presets.reference import PresetReference, ReferenceCurve
from trainer_proc.contract.messages import RunStarted
from tui.session.metrics.history import MetricHistory

BINS = 90
"""Points of a reference, a few kilobytes in all."""
_BAND = (10, 90)
"""Percentiles of the iterations in a bin, of all runs together."""
_DIGITS = 4


@dataclass(frozen=True)
class RecordedRun:
    """A run to make a reference from."""

    name: str
    started: RunStarted
    history: MetricHistory


def make_reference(
    runs: Sequence[RecordedRun], metrics: Sequence[str], device: str, note: str, *, even_pace: bool = False
) -> PresetReference:
    """Return the reference of at least one run, over the iterations that all of them have.

    `even_pace` gives all iterations their mean time: other trainings came and went on the device meanwhile, so the
    changes of the pace are not the preset's.

    Raises `UserError` if they are of different tasks or numbers of environments, do not start at iteration 0, or lack
    a metric.
    """
    first = runs[0]
    for run in runs:
        _check(run, first, metrics)
    last = min(int(run.history.series[metric].xs[-1]) for run in runs for metric in metrics)
    edges = np.unique(np.linspace(0, last + 1, min(BINS, last + 1) + 1).astype(np.int64))
    middles = (edges[:-1] + edges[1:] - 1) // 2
    seconds = np.mean([_seconds(run, middles) for run in runs], axis=0)
    if even_pace:
        seconds = middles * (seconds[-1] / middles[-1])
    return PresetReference(
        task=first.started.task,
        device=device,
        num_envs=first.started.num_envs,
        runs=len(runs),
        note=note,
        iterations=tuple(middles.tolist()),
        seconds=tuple(_rounded(seconds)),
        curves={metric: _curve(runs, metric, edges) for metric in metrics},
    )


def _check(run: RecordedRun, first: RecordedRun, metrics: Sequence[str]) -> None:
    def fit(what: str, got: object, expected: object) -> None:
        if got != expected:
            raise UserError(f"{run.name}: expected {what} {expected} as in {first.name}, got {got}")

    fit("task", run.started.task, first.started.task)
    fit("number of environments", run.started.num_envs, first.started.num_envs)
    for metric in metrics:
        series = run.history.series.get(metric)
        if series is None or series.count < 2:
            raise UserError(f"{run.name}: expected two values of {metric}, got {0 if series is None else series.count}")
        if int(series.xs[0]) > BINS:
            raise UserError(f"{run.name}: expected a run from iteration 0 on, got {metric} from {series.xs[0]} on")


def _seconds(run: RecordedRun, iterations: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the training time (s) from the end of the first iteration to the end of each, without the build."""
    timeline = run.history.timeline
    times: NDArray[np.float64] = timeline.place(iterations, "time") - timeline.place([0], "time")[0]
    return times


def _curve(runs: Sequence[RecordedRun], metric: str, edges: NDArray[np.int64]) -> ReferenceCurve:
    rows = []
    for low, high in pairwise(edges.tolist()):
        of_runs = [run.history.series[metric] for run in runs]
        values = np.concatenate([one.ys[(one.xs >= low) & (one.xs < high)] for one in of_runs])
        values = values[np.isfinite(values)]
        rows.append(np.percentile(values, (_BAND[0], 50, _BAND[1])) if len(values) else np.full(3, np.nan))
    table = np.array(rows)
    known = np.isfinite(table[:, 0])
    columns = [np.interp(np.arange(len(table)), np.flatnonzero(known), column[known]) for column in table.T]
    low_end, median, high_end = (tuple(_rounded(column)) for column in columns)
    return ReferenceCurve(low=low_end, median=median, high=high_end)


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [float(f"{value:.{_DIGITS}g}") for value in values.tolist()]
