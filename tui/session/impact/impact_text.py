"""The impact of a change as text, table rows and plain values."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from tui.session.impact.impact import Impact, MetricImpact
from tui.session.impact.statistics import Difference, Level
from tui.session.impact.windows import Window
from tui.session.interventions.change_text import author_text, whole_text
from tui.session.numbers import number
from tui.session.sparkline import resampled, sparkline
from tui.session.text import plain, shortened_names

_MINUS = "\N{MINUS SIGN}"
_MOST_DECIMALS = 7
_NARROWEST_LABEL, _WIDEST_LABEL = 20, 48
_MEAN, _VERDICT = 17, 18


class ImpactRow(NamedTuple):
    """One metric as texts: means with half of their 95 % interval, change, its 95 % interval, verdict."""

    label: str
    before: str
    after: str
    change: str
    interval: str
    verdict: str


IMPACT_HEADINGS = ImpactRow(
    label="", before="before", after="after", change="change", interval="95 % interval", verdict=""
)


def impact_row(metric: MetricImpact) -> ImpactRow:
    """Return the row of a metric in a table."""
    return ImpactRow(
        label=metric.label,
        before=_mean(metric.before),
        after=_mean(metric.after),
        change=_change(metric),
        interval=_ends(metric.interval),
        verdict=metric.verdict,
    )


def impact_title(impact: Impact) -> str:
    applied = impact.applied
    return f"#{impact.number} applied @{applied.iteration} ({author_text(applied)})"


def impact_subject(impact: Impact) -> str:
    return whole_text(impact.applied)


def impact_windows(impact: Impact) -> list[str]:
    """Return note, compared iterations, limits and remarks, a line each."""
    windows = impact.windows
    note = [f"note: {impact.applied.note}"] if impact.applied.note else []
    if windows.before is None or windows.after is None:
        return [*note, "nothing to compare yet", *windows.limits, *windows.remarks]
    count = windows.before.length
    of = f"{count} iteration{'s' * (count != 1)} before ({_span(windows.before)}), {count} after"
    return [*note, f"{of} ({_span(windows.after)})", *windows.limits, *windows.remarks]


def impact_notes(impact: Impact) -> list[str]:
    """Return remarks on how to read the numbers, a line each."""
    notes = []
    for metric in impact.metrics:
        if metric.weight_factor is not None:
            notes.append(
                f"{metric.label}: value includes its weight (×{metric.weight_factor:.4g} from the change itself)"
            )
        if metric.without:
            notes.append(f"{metric.label}: without the change before the update ({metric.without})")
        if metric.not_finite:
            notes.append(f"{metric.label}: {metric.not_finite} non-finite values excluded")
    return notes


def impact_text(impact: Impact) -> str:
    """Return title, windows, table and notes, separated by line ends."""
    rows = [IMPACT_HEADINGS, *map(impact_row, impact.metrics)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    title = f"{impact_title(impact)}: {impact_subject(impact)}"
    return "\n".join(map(plain, [title, *impact_windows(impact), "", *table, *impact_notes(impact)]))


def impact_lines(impact: Impact, width: int) -> list[str]:
    """Return the table in `width` cells (at least 72): a heading and two lines a metric, one with sparklines."""
    label = min(max(width - 2 * _MEAN - _VERDICT, _NARROWEST_LABEL), _WIDEST_LABEL)
    lines = [f"{'':<{label}}{'before':<{_MEAN}}{'after':<{_MEAN}}"]
    rows = [impact_row(metric) for metric in impact.metrics]
    names = shortened_names([row.label for row in rows], label - 2)
    for metric, row, name in zip(impact.metrics, rows, names, strict=True):
        lines.append(f"{name:<{label}}{row.before:<{_MEAN}}{row.after:<{_MEAN}}{row.verdict}")
        change = row.change + (f", 95 %: {row.interval}" if row.interval not in ("", "exact") else "")
        lines.append(f"{_sparklines(metric, label - 2):<{label}}{change}")
    return [line.rstrip() for line in lines]


def impact_record(impact: Impact) -> dict[str, Any]:
    """Return plain values for JSON; unknown values are None."""
    windows = impact.windows
    return {
        "intervention": impact.number,
        "iteration": impact.applied.iteration,
        "origin": impact.applied.origin,
        "agent": impact.applied.agent or None,
        "what": whole_text(impact.applied),
        "note": impact.applied.note,
        "before": _window_record(windows.before),
        "after": _window_record(windows.after),
        "wanted": windows.wanted,
        "limits": list(windows.limits),
        "remarks": list(windows.remarks),
        "metrics": [_metric_record(metric) for metric in impact.metrics],
    }


def _sparklines(metric: MetricImpact, width: int) -> str:
    """Return sparklines of both windows on one scale, separated by a bar."""
    if not metric.values_before or not metric.values_after:
        return ""
    each = (width - 1) // 2
    sides = [resampled(values, each) for values in (metric.values_before, metric.values_after)]
    low, high = min(map(min, sides)), max(map(max, sides))
    return "│".join(sparkline(side, low, high) for side in sides)


def _metric_record(metric: MetricImpact) -> dict[str, Any]:
    return {
        "metric": metric.metric,
        "before": _level_record(metric.before),
        "after": _level_record(metric.after),
        "change": metric.change,
        "percent": metric.percent,
        "interval": _interval_record(metric.interval),
        "beyond_trend": metric.beyond_trend and metric.beyond_trend.value,
        "beyond_trend_interval": _interval_record(metric.beyond_trend),
        "excludes_zero": metric.interval and metric.interval.excludes_zero,
        "verdict": metric.verdict,
        "not_finite": metric.not_finite,
        "without": metric.without or None,
        "weight_factor": metric.weight_factor,
    }


def _level_record(level: Level | None) -> dict[str, Any] | None:
    if level is None:
        return None
    half = level.half_width if level.is_known else None
    return {
        "count": level.count,
        "mean": level.mean,
        "half_width": half,
        "independent": level.independent or None,
        "slope": level.slope if level.is_known else None,
    }


def _interval_record(difference: Difference | None) -> list[float] | None:
    return None if difference is None else [difference.low, difference.high]


def _window_record(window: Window | None) -> dict[str, int] | None:
    return None if window is None else {"first": window.first, "last": window.last}


def _span(window: Window) -> str:
    return str(window.first) if window.length == 1 else f"{window.first}–{window.last}"


def _mean(level: Level | None) -> str:
    if level is None:
        return "–"
    half = level.half_width
    if math.isnan(half) or half == 0:
        return _signed(number(level.mean))
    decimals = _decimals(half)
    if decimals is None:
        return _signed(f"{number(level.mean)} ±{half:.2g}")
    return _signed(f"{level.mean:.{decimals}f} ±{half:.{decimals}f}")


def _change(metric: MetricImpact) -> str:
    if metric.change is None:
        return ""
    interval = metric.interval
    decimals = _decimals((interval.high - interval.low) / 2) if interval is not None else None
    change = f"{metric.change:+.{decimals}f}" if decimals is not None else _plus(metric.change)
    return _signed(change + _percent(metric.percent))


def _percent(percent: float | None) -> str:
    if not percent:
        return ""
    return f" ({percent:+.1f} %)" if abs(percent) < 10 else f" ({percent:+,.0f} %)"


def _ends(interval: Difference | None) -> str:
    if interval is None:
        return ""
    if interval.low == interval.high:
        return "exact"
    decimals = _decimals((interval.high - interval.low) / 2)
    if decimals is None:
        return _signed(f"{_plus(interval.low)} to {_plus(interval.high)}")
    return _signed(f"{interval.low:+.{decimals}f} to {interval.high:+.{decimals}f}")


def _decimals(half_width: float) -> int | None:
    """Return the decimals that show two digits of `half_width`; None where fixed-point is unsuitable."""
    if not half_width > 0:
        return None
    decimals = 1 - math.floor(math.log10(half_width))
    return max(decimals, 0) if decimals <= _MOST_DECIMALS and half_width < 1e6 else None


def _plus(value: float) -> str:
    return f"{'+' * (value > 0)}{number(value)}"


def _signed(text: str) -> str:
    """Return `text` with minus signs as wide as a plus."""
    return text.replace("-", _MINUS).replace(f"e{_MINUS}", "e-")
