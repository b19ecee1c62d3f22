"""A change beside a control: a run that is the same without the change, usually a fork of the checkpoint before it.

Before and after in one run differ by all that the training has learned meanwhile. A control has learned as long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.impact.impact import Impact, Verdict, window_level
from tui.session.impact.statistics import Difference, Level, difference
from tui.session.impact.windows import Window
from tui.session.metrics.history import MetricHistory
from tui.session.numbers import number
from tui.session.state import RunState
from tui.session.text import plain


@dataclass(frozen=True)
class ControlledMetric:
    """One metric of both runs in the same iterations."""

    metric: str
    changed: Level | None
    control: Level | None
    interval: Difference | None
    """Mean of the changed run minus that of the control, with its 95 % interval."""
    verdict: Verdict | str
    """`higher` or `lower` where the interval excludes 0."""


@dataclass(frozen=True)
class Controlled:
    """A change beside a control, in the iterations of `window`; None if there is none that both have."""

    number: int
    control: str
    """Name of the control's run."""
    window: Window | None
    metrics: tuple[ControlledMetric, ...]
    remarks: tuple[str, ...]
    """What weakens the comparison, a line each."""


def compare_with_control(
    impact: Impact,
    history: MetricHistory,
    control: RunFolder,
    control_state: RunState,
    control_history: MetricHistory,
) -> Controlled:
    """Return the metrics of an impact beside those of a control in the same iterations after the change."""
    window = _window(impact, control_state)
    metrics: tuple[ControlledMetric, ...] = ()
    if window is not None:
        metrics = tuple(_metric(one.metric, window, history, control_history) for one in impact.metrics)
    remarks = _remarks(impact, control.read_spec(), control_state, window)
    return Controlled(impact.number, control.name, window, metrics, tuple(remarks))


def controlled_record(controlled: Controlled) -> dict[str, Any]:
    """Return plain values for JSON; unknown values are None."""
    window = controlled.window
    return {
        "intervention": controlled.number,
        "control": controlled.control,
        "window": window and {"first": window.first, "last": window.last},
        "metrics": [
            {
                "metric": one.metric,
                "changed": one.changed and one.changed.mean,
                "control": one.control and one.control.mean,
                "difference": one.interval and one.interval.value,
                "interval": one.interval and [one.interval.low, one.interval.high],
                "verdict": one.verdict,
            }
            for one in controlled.metrics
        ],
        "remarks": list(controlled.remarks),
    }


def controlled_text(controlled: Controlled) -> str:
    """Return the comparison in lines: the window, a metric a line, and remarks."""
    window = controlled.window
    span = "nothing to compare yet" if window is None else f"iterations {window.first} to {window.last}"
    rows = [
        (
            one.metric,
            _mean(one.changed),
            _mean(one.control),
            "" if one.interval is None else f"{number(one.interval.low)} to {number(one.interval.high)}",
            one.verdict,
        )
        for one in controlled.metrics
    ]
    table = [("", f"#{controlled.number}", "control", "95 % interval", ""), *rows] if rows else []
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    return "\n".join(map(plain, [f"beside {controlled.control}: {span}", *lines, *controlled.remarks]))


def _mean(level: Level | None) -> str:
    return "" if level is None else number(level.mean)


def _window(impact: Impact, control: RunState) -> Window | None:
    """Return the iterations after the change that the control has too."""
    after = impact.windows.after
    if after is None or control.iteration is None:
        return None
    window = Window(max(after.first, control.first_iteration), min(after.last, control.iteration))
    return window if window.length > 0 else None


def _metric(metric: str, window: Window, history: MetricHistory, control: MetricHistory) -> ControlledMetric:
    changed, beside = (window_level(one.series.get(metric), window) for one in (history, control))
    interval = difference(beside, changed) if beside is not None and changed is not None else None
    if interval is None:
        verdict = "not enough samples"
    elif interval.value == 0 and interval.low == interval.high:
        verdict = "unchanged"
    elif not interval.excludes_zero:
        verdict = "no clear change"
    else:
        verdict = "higher" if interval.value > 0 else "lower"
    return ControlledMetric(metric, changed, beside, interval, verdict)


def _remarks(impact: Impact, spec: RunSpec, control: RunState, window: Window | None) -> list[str]:
    remarks = ["two runs of one seed: a difference may be chance"]
    if window is None:
        remarks.append("the control has none of the compared iterations yet")
    if control.first_iteration > impact.applied.iteration:
        remarks.append(
            f"the control began at iteration {control.first_iteration}, after the change at {impact.applied.iteration}"
        )
    if spec.set:
        remarks.append(f"the control was started with other values: {', '.join(spec.set)}")
    changes = [
        f"#{number}"
        for number, applied in control.interventions.items()
        if applied.origin == "person" and (window is None or applied.iteration <= window.last)
    ]
    return [*remarks, f"changed in the control itself: {', '.join(changes)}"] if changes else remarks
