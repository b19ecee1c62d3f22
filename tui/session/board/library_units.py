"""Units of the libraries' own metrics, so that no chart has two of them on one axis.

`Episode_Termination/<term>` of mjlab is a count of environments, the mean over the steps with resets. That of Isaac Lab
is a share of all environments. `Termination/<term>` of this program is a share of finished episodes on both.

`Metrics/<command>/error_vel_xy` of mjlab (1.6, `velocity_command.py`) is the sum over the episode, divided by the
steps of the longest resampling time: it grows as robots live longer. That of Isaac Lab 3 is the mean of the episode.
`Success/error/<part>` of this program is a mean on both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tui.session.metrics.series import Series

Unit: TypeAlias = Literal["count", "share", "sum", "mean"]

_LEAST_COUNT = 0.999
"""In a step with resets, at least one environment counts; of all environments, few have ended an episode at first."""


@dataclass(frozen=True)
class _Metrics:
    """Metrics of the libraries that share units: their names, this program's name for each, and units by backend."""

    pattern: re.Pattern[str]
    own: str
    own_terms: Mapping[str, str]
    units: Mapping[str, Unit]


_TERMINATIONS = _Metrics(
    re.compile(r"(?:Episode/)?Episode_Termination/(?P<term>.+?)(?: \((?P<unit>count|share)\))?"),
    "Termination/",
    {},
    {"mjlab": "count", "isaaclab": "share"},
)
_VELOCITY_ERRORS = _Metrics(
    re.compile(r"(?:Episode/)?Metrics/(?:[^/]+/)?error_vel_(?P<term>xy|yaw)(?: \((?P<unit>sum|mean)\))?"),
    "Success/error/",
    {"xy": "linear"},
    {"mjlab": "sum", "isaaclab": "mean"},
)


def base_name(metric: str) -> str:
    """Return the name under which a metric is logged, without the unit that `with_units` adds."""
    unit = chosen_unit(metric)
    return metric.removesuffix(f" ({unit})") if unit else metric


def chosen_unit(metric: str) -> str:
    """Return the unit that `with_units` has added to a metric; empty without one."""
    _, match = _found(metric)
    return (match and match["unit"]) or ""


def own_name(metric: str) -> str:
    """Return this program's name for a library's metric; empty for any other metric."""
    metrics, match = _found(metric)
    if metrics is None or match is None:
        return ""
    return metrics.own + metrics.own_terms.get(match["term"], match["term"])


def unit_of(metric: str, backend: str, series: Mapping[str, Series]) -> str:
    """Return the unit of a library's metric in a run; empty for another metric, before it has data, or if unknown.

    Without a known `backend`, the first values of terminations decide.
    """
    metrics, _ = _found(metric)
    if metrics is None or metric not in series or not series[metric].count:
        return ""
    if backend in metrics.units:
        return metrics.units[backend]
    if metrics is not _TERMINATIONS:
        return ""
    firsts = [float(points.ys[0]) for name, points in series.items() if points.count and _found(name)[0] is metrics]
    return "count" if sum(firsts) >= _LEAST_COUNT or max(firsts) > 1 else "share"


def with_units(metric: str, units: Iterable[str]) -> Sequence[str]:
    """Return one name for each unit that a metric has among several runs; the metric alone if there is only one."""
    several = sorted({unit for unit in units if unit})
    return [f"{metric} ({unit})" for unit in several] if len(several) > 1 else [metric]


def _found(metric: str) -> tuple[_Metrics | None, re.Match[str] | None]:
    for metrics in (_TERMINATIONS, _VELOCITY_ERRORS):
        if match := metrics.pattern.fullmatch(metric):
            return metrics, match
    return None, None
