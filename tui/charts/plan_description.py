"""Describe the chart of a plan for an exported file: with its full title, and without a size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from curricula.curriculum import Curriculum
from tui.charts.description import Band, ChartDescription, Marks, Reference, RunBand
from tui.charts.legend import CURVE_GLYPHS
from tui.charts.view import ChartView
from tui.session.board.chart_source import ChartSource, curves_of, extent_of, steps_of
from tui.session.board.library_units import base_name
from tui.session.board.lines import BAND_LABEL, band_of, lines_of, title_of
from tui.session.board.plans import ChartPlan
from tui.session.references.fit import fitting_reference, reference_label
from tui.session.state import RunState

INTERVAL_LABEL = "95 % interval"


def describe_plan(
    plan: ChartPlan,
    sources: Sequence[ChartSource],
    *,
    state: RunState,
    curricula: Sequence[Curriculum],
    view: ChartView,
) -> ChartDescription:
    """Return the chart of a plan over `sources`; `state` and `curricula` supply lines, weights and thresholds."""
    band = band_of(plan, state)
    signs = CURVE_GLYPHS if len(sources) > 1 else ("",)
    return ChartDescription(
        title_of(plan, state),
        width=0,
        height=0,
        curves=tuple(curves_of(plan, sources)),
        references=tuple(Reference(*line) for line in lines_of(plan, state, curricula)),
        bands=() if band is None else (Band(*band, BAND_LABEL),),
        run_bands=(*run_bands_of(plan, state), *intervals_of(plan, sources)),
        marks=tuple(_marks(source, sign) for source, sign in zip(sources, signs, strict=False)),
        view=view,
        extent=extent_of(sources, view.unit),
        steps=_steps(sources),
        is_stacked=bool(plan.stack),
    )


def run_bands_of(plan: ChartPlan, state: RunState) -> tuple[RunBand, ...]:
    """Return where the reference runs of the run's preset were on this chart; none if they don't fit the run."""
    reference = fitting_reference(state)
    curve = reference.curves.get(plan.key) if reference is not None and not plan.stack else None
    if reference is None or curve is None:
        return ()
    return (RunBand(reference.iterations, curve.low, curve.median, curve.high, reference_label(reference)),)


def intervals_of(plan: ChartPlan, sources: Sequence[ChartSource]) -> tuple[RunBand, ...]:
    """Return the intervals around the curves of a chart with one metric; only the first one has a label."""
    if plan.stack or len(plan.curves) != 1:
        return ()
    found = [one for source in sources if (one := source.interval(base_name(plan.key))) is not None]
    return tuple(
        RunBand(
            one.iterations,
            one.low,
            (math.nan,) * len(one.iterations),
            one.high,
            "" if place else INTERVAL_LABEL,
            is_fitted=not one.is_wide,
        )
        for place, one in enumerate(found)
        if one.iterations
    )


def _steps(sources: Sequence[ChartSource]) -> str:
    """Return the name of an x axis of iterations, for other libraries of what they count instead."""
    known = steps_of(sources)
    return "iteration" if known == ("iterations",) else ", ".join(known) or "step"


def _marks(source: ChartSource, sign: str) -> Marks:
    """Return a run's marks, each label preceded by the run's `sign` as on the screen."""
    return Marks(tuple(replace(mark, label=sign + mark.label) for mark in source.marks), source.history.timeline)
