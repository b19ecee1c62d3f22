"""Units of the libraries' own termination metrics, so that no chart has two of them on one axis.

`Episode_Termination/<term>` of mjlab is a count of environments, the mean over the steps with resets. That of Isaac Lab
is a share of all environments. `Termination/<term>` of this program is a share of finished episodes on both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

from tui.session.metrics.series import Series

Unit: TypeAlias = Literal["count", "share"]

_OF_LIBRARY = re.compile(r"(?:Episode/)?Episode_Termination/(?P<term>.+?)(?: \((?P<unit>count|share)\))?")
_OF_BACKEND: Mapping[str, Unit] = {"mjlab": "count", "isaaclab": "share"}
_LEAST_COUNT = 0.999
"""In a step with resets, at least one environment counts; of all environments, few have ended an episode at first."""


def base_name(metric: str) -> str:
    """Return the name under which a metric is logged, without the unit that `with_units` adds."""
    match = _OF_LIBRARY.fullmatch(metric)
    return metric if match is None or match["unit"] is None else metric[: -len(f" ({match['unit']})")]


def chosen_unit(metric: str) -> str:
    """Return the unit that `with_units` has added to a metric; empty without one."""
    match = _OF_LIBRARY.fullmatch(metric)
    return (match and match["unit"]) or ""


def own_name(metric: str) -> str:
    """Return this program's name for a library's termination metric; empty for any other metric."""
    match = _OF_LIBRARY.fullmatch(metric)
    return f"Termination/{match['term']}" if match is not None else ""


def unit_of(metric: str, backend: str, series: Mapping[str, Series]) -> str:
    """Return the unit of a library's termination metric in a run; empty for another metric, or before it has data.

    Without a known `backend`, the first values decide.
    """
    if not own_name(metric) or metric not in series or not series[metric].count:
        return ""
    if backend in _OF_BACKEND:
        return _OF_BACKEND[backend]
    firsts = [float(points.ys[0]) for name, points in series.items() if points.count and own_name(name)]
    return "count" if sum(firsts) >= _LEAST_COUNT or max(firsts) > 1 else "share"


def with_units(metric: str, units: Iterable[str]) -> Sequence[str]:
    """Return one name for each unit that a metric has among several runs; the metric alone if there is only one."""
    several = sorted({unit for unit in units if unit})
    return [f"{metric} ({unit})" for unit in several] if len(several) > 1 else [metric]
