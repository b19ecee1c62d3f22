"""Update a chart of a board from its plan and the state of the run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from curricula.curriculum import Curriculum
from tui.charts.axes import LABEL_WIDTH
from tui.charts.plan_description import intervals_of, run_bands_of
from tui.session.board.chart_source import ChartSource
from tui.session.board.lines import BAND_LABEL, band_of, lines_of, title_of
from tui.session.board.plans import ChartPlan
from tui.session.state import RunState
from tui.widgets.chart import Chart

_AXIS_WIDTH = LABEL_WIDTH + 1
_LINES_FOR_BAND_LABELS = 12
"""A lower chart has no line to spare for the label of its band."""
_UNKNOWN_WIDTH = 1000
"""Assumed before the chart has been laid out."""


@dataclass(frozen=True)
class RunContext:
    """State of a run that its charts show beside the curves; empty for several runs."""

    state: RunState = field(default_factory=RunState)
    curricula: Sequence[Curriculum] = ()


def update_annotations(chart: Chart, plan: ChartPlan, context: RunContext, sources: Sequence[ChartSource]) -> None:
    """Set the title, the reference lines and the bands of a chart."""
    beside = _AXIS_WIDTH if len(plan.curves) == 1 == len(sources) else 0  # the value stands beside the title
    chart.set_title(title_of(plan, context.state, (chart.size.width or _UNKNOWN_WIDTH) - beside))
    chart.set_stacked(bool(plan.stack))
    chart.set_references(lines_of(plan, context.state, context.curricula))
    band = band_of(plan, context.state)
    label = BAND_LABEL if chart.size.height >= _LINES_FOR_BAND_LABELS else ""
    chart.set_bands([] if band is None else [(*band, label)])
    chart.set_run_bands([*run_bands_of(plan, context.state), *intervals_of(plan, sources)])


def update_marks(chart: Chart, sources: Iterable[ChartSource], run_signs: Iterable[str]) -> None:
    """Draw the marks of all runs, each label preceded by the sign of its run."""
    chart.set_marks(())
    for source, sign in zip(sources, run_signs, strict=True):
        marks = [replace(mark, label=sign + mark.label) for mark in source.marks]
        chart.add_marks(marks, source.history.timeline)
