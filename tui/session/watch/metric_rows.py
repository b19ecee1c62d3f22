"""Metric table of a watched run: name, sparkline, newest value and its step."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import get_args

from tui.session.fuzzy import best_first
from tui.session.metrics.names import Role, metric_of
from tui.session.metrics.series import Series
from tui.session.numbers import number
from tui.session.sparkline import sparkline
from tui.session.text import plain, shortened_names
from tui.session.watch.branches import Branches

_VALUE, _STEP = 9, 9
_GAP = 1
_NARROWEST_NAME, _WIDEST_LINE = 18, 16
_WHOLE_STEPS = 10_000_000
_UNITS = ((10**6, "M"), (10**9, "G"), (10**12, "T"))


@dataclass(frozen=True)
class Widths:
    """Cells of each column; 0 hides it."""

    name: int
    line: int
    value: int
    step: int


def fit(width: int) -> Widths:
    """Share `width` cells; columns appear in the order value, sparkline, step."""
    rest = width - _VALUE - _GAP
    line = step = 0
    if rest - 8 - _GAP >= _NARROWEST_NAME:
        line = 8
        rest -= line + _GAP
    if rest - _STEP - _GAP >= _NARROWEST_NAME + 8:
        step = _STEP
        rest -= step + _GAP
    more = min(max(rest - 40, 0), _WIDEST_LINE - 8) if line else 0
    return Widths(max(rest - more, 1), line + more, _VALUE, step)


def in_order(names: Collection[str]) -> list[str]:
    """Return the metrics with roles first, the reward before all, then the others by name."""
    roles = [metric_of(role, names) for role in get_args(Role)]
    first = list(dict.fromkeys(name for name in roles if name is not None))
    return [*first, *sorted((name for name in names if name not in first), key=str.casefold)]


def matching(names: Sequence[str], pattern: str) -> list[str]:
    """Return the names that match `pattern`, best first; all in order without one."""
    return best_first(pattern, names) if pattern.strip() else list(names)


def heading(widths: Widths) -> str:
    """Return the line above the rows."""
    return _joined(widths, "metric", "", "newest", "step")


def shown_names(names: Sequence[str], widths: Widths) -> list[str]:
    """Return the names as the rows show them: different ones look different.

    Long ones lose their first parts, which many have in common, while that tells all apart.
    """
    whole = [plain(name) for name in names]
    without_middles = shortened_names(whole, widths.name)
    ends = [_end_of(name, widths.name) or other for name, other in zip(whole, without_middles, strict=True)]
    return ends if len(set(ends)) == len(set(without_middles)) else without_middles


def _end_of(name: str, width: int) -> str:
    """Return as many of the last parts of a path as fit in `width` cells; empty if not even one fits."""
    parts = name.split("/")
    ways = [name, *("…/" + "/".join(parts[start:]) for start in range(1, len(parts)))]
    return next((way for way in ways if len(way) <= width), "")


def row(shown_name: str, metric: Branches, widths: Widths) -> str:
    """Return one line with exactly the columns' widths: the value that was logged last."""
    if metric.last is None:
        return _joined(widths, shown_name, "", number(None), "")
    line = _line(metric.newest, widths.line) if widths.line else ""
    return _joined(widths, shown_name, line, number(metric.last.value), short_step(metric.last.step))


def _joined(widths: Widths, name: str, line: str, value: str, step: str) -> str:
    cells = [f"{name:<{widths.name}}"]
    if widths.line:
        cells.append(f"{line:<{widths.line}}")
    cells.append(f"{value:>{widths.value}}")
    if widths.step:
        cells.append(f"{step:>{widths.step}}")
    return (" " * _GAP).join(cells)


def short_step(step: int) -> str:
    """Return a step in at most 9 cells: "1,234,567", "12.3M", "1,234.5G", "1.0e+18"."""
    if abs(step) < _WHOLE_STEPS:
        return f"{step:,}"
    for factor, unit in _UNITS:
        if abs(step) < 10_000 * factor:
            return f"{step / factor:,.1f}{unit}"
    return f"{step:.1e}"


def _line(series: Series, cells: int) -> str:
    first, last = series.first_iteration, series.last_iteration
    if first is None or last is None:
        return ""
    columns = series.columns(first, last, min(cells, series.count))
    ends = zip(columns.filled, columns.low, columns.high, strict=True)
    return sparkline([float(low) / 2 + float(high) / 2 if is_filled else math.nan for is_filled, low, high in ends])
