"""The one view of all charts of a board: range, unit, smoothing, and a crosshair of keys and of the mouse. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tui.charts.legend import CURVE_GLYPHS
from tui.charts.view import ChartView, Range
from tui.session.board.chart_source import ChartSource, extent_of
from tui.session.interventions.marks import Mark
from tui.session.metrics.timeline import X_UNITS, XUnit
from tui.widgets.board.header_text import cell_span, crosshair_texts, marks_near

_ZOOM = 0.5
_PAN = 0.25


class SharedView:
    """Moves over the data of `sources`. `kept` is what keys have set; `hovered` is where the mouse is, if anywhere."""

    def __init__(self, sources: Sequence[ChartSource], unit: XUnit, smoothing: float) -> None:
        self.sources = tuple(sources)
        self.kept = ChartView(unit=unit, smoothing=smoothing)
        self.hovered: float | None = None

    @property
    def seen(self) -> ChartView:
        """What all charts show; the crosshair is where the mouse is, or else where keys have put it."""
        return self.kept if self.hovered is None else self.kept.with_crosshair(self.hovered)

    @property
    def extent(self) -> Range | None:
        """The first and the last place of all data; None before the first iteration."""
        return extent_of(self.sources, self.kept.unit)

    @property
    def run_signs(self) -> list[str]:
        """What tells the runs apart where there are several: the signs of their curves."""
        if len(self.sources) == 1:
            return [""]
        return [CURVE_GLYPHS[place % len(CURVE_GLYPHS)] for place in range(len(self.sources))]

    # --- the range ---

    def zoom(self, direction: int) -> None:
        """Show half as much of the x axis (1), or twice as much (-1)."""
        self.zoom_at(_ZOOM**direction, self.seen.crosshair)

    def zoom_at(self, factor: float, around: float | None) -> None:
        """Show `factor` times as much around a place."""
        if (extent := self.extent) is not None:
            self._show_range_of(self.kept.zoomed(factor, around, extent))

    def pan(self, direction: int) -> None:
        """Move by a quarter of what is seen."""
        self.pan_by(_PAN * direction)

    def pan_by(self, share: float) -> None:
        """Move by a share of what is seen, to the right if positive."""
        if (extent := self.extent) is not None:
            self._show_range_of(self.kept.panned(share, extent))

    def show_all(self) -> None:
        """Show all the data, with the crosshair where it is."""
        self.kept = replace(self.kept, range=None, follow=None)

    def follow(self) -> None:
        """Follow the newest data."""
        if (extent := self.extent) is not None:
            self._show_range_of(self.kept.following(extent))

    def reset(self) -> None:
        """Show all the data, without a crosshair."""
        self.hovered, self.kept = None, self.kept.reset()

    # --- how it is drawn ---

    def smooth(self, steps: int) -> None:
        """Smooth more, or less if negative."""
        self.kept = self.kept.smoother(steps)

    def smooth_by(self, weight: float) -> None:
        """Smooth with this weight, 0 to 0.999."""
        self.kept = replace(self.kept, smoothing=weight)

    def next_unit(self) -> XUnit:
        """Return what the x axis can count next, of what all runs have told; the same if there is nothing else."""
        units = [unit for unit in X_UNITS if all(unit in one.history.timeline.units for one in self.sources)]
        now = self.kept.unit
        return units[(units.index(now) + 1) % len(units)] if now in units else "iteration"

    def show_over(self, unit: XUnit) -> None:
        """Let the x axis count something else."""
        if unit != self.kept.unit:
            self.hovered = None
            self.kept = self.kept.in_unit(unit, lambda place: self._in_unit(place, unit))

    # --- the crosshair ---

    def step_crosshair(self, direction: int, cells: int) -> None:
        """Move by one of a plot's cells, at least by an iteration; it begins at the newest data that is seen."""
        extent = self.extent
        if extent is None:
            return
        low, high = self.kept.visible(extent)
        low, high = max(low, extent[0]), min(high, extent[1])
        before = self.kept.crosshair
        place = high if before is None else before + direction * cell_span((low, high), cells)
        if self.kept.unit == "iteration":
            place = round(place) if before is None or round(place) != before else before + direction
        self.hovered = None
        self.kept = self.kept.with_crosshair(min(max(place, low), high))

    def keep_crosshair(self) -> None:
        """Leave the crosshair where the mouse is."""
        self.kept = self.seen

    def drop_crosshair(self) -> None:
        """Take the crosshair away."""
        self.hovered, self.kept = None, self.kept.with_crosshair(None)

    def crosshair_texts(self) -> list[str]:
        """Return where the crosshair is, in ever fewer words; nothing if there is none."""
        place = self.seen.crosshair
        if place is None or self.extent is None:
            return []
        others = [unit for unit in self.sources[0].history.timeline.units if unit != self.kept.unit]
        units = [self.kept.unit, *(others if len(self.sources) == 1 else [])]
        return crosshair_texts([(unit, self._in_unit(place, unit)) for unit in units])

    def marks_at_crosshair(self, cells: int) -> list[tuple[str, Mark]]:
        """Return the marks in the crosshair's cell of a plot and its neighbours, each with the sign of its run."""
        place, extent = self.seen.crosshair, self.extent
        if place is None or extent is None:
            return []
        placed = [
            (float(source.history.timeline.place(mark.iteration, self.kept.unit)), run, mark)
            for source, run in zip(self.sources, self.run_signs, strict=True)
            for mark in source.marks
        ]
        return marks_near(placed, place, cell_span(self.kept.visible(extent), cells))

    def _show_range_of(self, view: ChartView) -> None:
        self.kept = replace(view, crosshair=self.kept.crosshair)

    def _in_unit(self, place: float, unit: XUnit) -> float:
        timeline = self.sources[0].history.timeline
        return float(timeline.place(timeline.iteration_at(place, self.kept.unit), unit))
