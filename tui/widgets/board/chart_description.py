"""A chart of a board, described for a picture: with its whole title, and all the room that it wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from curricula.curriculum import Curriculum
from tui.charts.description import Band, ChartDescription, Marks, Reference
from tui.charts.legend import CURVE_GLYPHS
from tui.charts.view import ChartView
from tui.session.board.chart_source import ChartSource, extent_of
from tui.session.board.lines import band_of, lines_of, title_of
from tui.session.board.plans import ChartPlan
from tui.session.state import RunState
from tui.widgets.board.chart_grid import curves_of

BAND_LABEL = "no change of the learning rate"


def described(
    plan: ChartPlan, sources: Sequence[ChartSource], state: RunState, curricula: Sequence[Curriculum], view: ChartView
) -> ChartDescription:
    """Return a chart of these runs; `state` and `curricula` tell its lines, weights and thresholds."""
    band = band_of(plan, state)
    signs = CURVE_GLYPHS if len(sources) > 1 else ("",)
    return ChartDescription(
        title_of(plan, state),
        width=0,
        height=0,
        curves=tuple(curves_of(plan, sources)),
        references=tuple(Reference(*line) for line in lines_of(plan, state, curricula)),
        bands=() if band is None else (Band(*band, BAND_LABEL),),
        marks=tuple(_marks(source, sign) for source, sign in zip(sources, signs, strict=False)),
        view=view,
        extent=extent_of(sources, view.unit),
    )


def _marks(source: ChartSource, sign: str) -> Marks:
    """Return a run's marks; `sign` tells them from those of others, as on the screen."""
    return Marks(tuple(replace(mark, label=sign + mark.label) for mark in source.marks), source.history.timeline)
