"""The curves of a chart on a plot of some width, and the value axis that shows all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tui.charts.axes import ValueAxis, log_axis, value_axis
from tui.charts.canvas import SERIES_STYLES
from tui.charts.decoration import drawn_bands, drawn_references
from tui.charts.description import ChartDescription
from tui.charts.run_band import visible_values
from tui.charts.stack import Bands, bands_of, stack_axis
from tui.charts.trace import CurveTraces
from tui.charts.view import Range
from tui.charts.x_axis import XFrame
from tui.session.board.chart_source import Curve
from tui.session.metrics.traits import joined_limits


class FramedCurves:
    """Traces of the first curves, as many as there are styles, kept from one update to the next."""

    def __init__(self) -> None:
        self.frame: XFrame | None = None
        self.traces: list[CurveTraces] = []

    def keep(self, curves: Sequence[Curve]) -> None:
        """Keep the traces if these are the same curves as before; else start anew."""
        drawn = list(curves[: len(SERIES_STYLES)])
        if [one.curve for one in self.traces] != drawn:
            self.traces = [CurveTraces(curve) for curve in drawn]

    def update(self, chart: ChartDescription, visible: Range, columns: int) -> XFrame:
        """Bring the traces up to date with the curves on this many pixel columns; return the frame."""
        self.keep(chart.curves)
        if self.frame is None or not self.frame.shows(chart.view.unit, visible, columns):
            self.frame = XFrame(chart.view.unit, *visible, columns)
        for traces in self.traces:
            traces.update(self.frame, chart.view.log_y, chart.view.smoothing)
        return self.frame

    @property
    def bands(self) -> Bands:
        """The curves as stacked areas."""
        return bands_of(traces.shown.columns for traces in self.traces)

    def axis(self, chart: ChartDescription, most_ticks: int) -> ValueAxis:
        """Return the axis that shows all visible values, references and ends of bands; ticks as of `value_axis`."""
        if chart.is_stacked:
            return stack_axis(self.bands, most_ticks)
        log = chart.view.log_y
        ends = [reference.value for reference in drawn_references(chart.references)]
        ends += [end for band in drawn_bands(chart.bands) for end in (band.low, band.high) if math.isfinite(end)]
        ends += visible_values(chart.run_bands, self.frame) if self.frame is not None else []
        values = [math.log10(end) for end in ends if end > 0] if log else ends
        for traces in self.traces:
            for trace in traces.all:
                if (extremes := trace.extremes()) is not None:
                    values += extremes
        low, high = (min(values), max(values)) if values else (0.0, 0.0)
        limits = joined_limits([curve.limits for curve in chart.curves])
        return log_axis(low, high, most_ticks) if log else value_axis(low, high, most_ticks, limits)
