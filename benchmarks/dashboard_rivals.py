"""Twelve live charts with textual-plot and textual-plotext in their straightforward use, for comparison.

    python -m benchmarks.dashboard_loop FILE textual-plot|textual-plotext POINTS

The data grow in memory; on SIGUSR2, the program reads the number of new points per second from the file RATE_FILE.
Every chart gets all its points for each frame, at most ten times a second: neither library can append points.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import numpy as np
from textual.app import App, ComposeResult
from textual.containers import Grid
from textual.widget import Widget
from textual_plot import HiResMode, PlotWidget
from textual_plotext import PlotextPlot

from benchmarks.dashboard_data import METRICS, rows

_FRAMES_PER_SECOND = 10
_ROWS_KEPT = 100_000
"""Rows generated in advance, more than any measurement needs."""


class RivalApp(App[None]):
    """A grid of 4×3 charts; subclasses create and draw a chart."""

    CSS = "Grid { grid-size: 4 3; }"

    def __init__(self, points: int) -> None:
        super().__init__()
        self._rows = rows(0, points + _ROWS_KEPT).T.copy()
        self._points = points
        self._shown = 0
        self._rate, self._due = 0.0, 0.0
        self._charts = [self.make_chart(name) for name in METRICS]

    def make_chart(self, name: str) -> Widget:
        """Return an empty chart."""
        raise NotImplementedError

    def draw(self, chart: Widget, values: np.ndarray) -> None:
        """Draw the values over their indices."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        with Grid():
            yield from self._charts

    def on_ready(self) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, self._read_rate)
        self._draw_all()
        self.set_interval(1 / _FRAMES_PER_SECOND, self._draw_all)

    def _read_rate(self) -> None:
        self._rate, self._due = float(Path(os.environ["RATE_FILE"]).read_text()), time.monotonic()

    def _draw_all(self) -> None:
        if self._rate:
            new = int((time.monotonic() - self._due) * self._rate)
            self._points += new
            self._due += new / self._rate
        if self._points != self._shown:
            self._shown = self._points
            for chart, values in zip(self._charts, self._rows, strict=True):
                self.draw(chart, values[: self._points])


class PlotApp(RivalApp):
    """With textual-plot."""

    def make_chart(self, name: str) -> Widget:
        """Return a chart with its title as the label below it."""
        return PlotWidget(name=name)

    def draw(self, chart: Widget, values: np.ndarray) -> None:
        """Plot all values as a line of braille dots."""
        assert isinstance(chart, PlotWidget)
        chart.clear()
        chart.plot(np.arange(len(values)), values, line_style="green", hires_mode=HiResMode.BRAILLE)
        chart.set_xlabel(f"{chart.name} {values[-1]:.4g}")


class PlotextApp(RivalApp):
    """With textual-plotext."""

    def make_chart(self, name: str) -> Widget:
        """Return a chart with a name."""
        return PlotextPlot(name=name)

    def draw(self, chart: Widget, values: np.ndarray) -> None:
        """Plot all values as a line of braille dots."""
        assert isinstance(chart, PlotextPlot)
        chart.plt.clear_data()
        chart.plt.plot(range(len(values)), values.tolist(), marker="braille")
        chart.plt.title(f"{chart.name} {values[-1]:.4g}")
        chart.refresh()


def run_rival(name: str, points: int) -> None:
    """Run the program of this name until it is killed."""
    {"textual-plot": PlotApp, "textual-plotext": PlotextApp}[name](points).run()
