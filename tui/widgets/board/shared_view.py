"""The view that all charts of a board share: range, unit, smoothing and crosshair. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tui.charts.legend import CURVE_GLYPHS
from tui.charts.view import ChartView, Range
from tui.session.board.chart_source import ChartSource, extent_of, steps_of
from tui.session.interventions.marks import Mark
from tui.session.metrics.timeline import X_UNITS, XUnit
from tui.widgets.board.header_text import cell_span, crosshair_texts, marks_near, view_texts

_ZOOM = 0.5
_PAN = 0.25


class SharedView:
    """A view of the data of `sources`: `base` is set by keys, `hovered` is the place under the mouse, if any."""

    def __init__(self, sources: Sequence[ChartSource], unit: XUnit, smoothing: float) -> None:
        self.sources = tuple(sources)
        self.base = ChartView(unit=unit, smoothing=smoothing)
        self.hovered: float | None = None

    @property
    def current(self) -> ChartView:
        """The view of all charts; its crosshair is at the mouse, or else where keys have put it."""
        return self.base if self.hovered is None else self.base.with_crosshair(self.hovered)

    @property
    def extent(self) -> Range | None:
        """Range of all data on the x axis; None before the first iteration."""
        return extent_of(self.sources, self.base.unit)

    @property
    def run_signs(self) -> list[str]:
        """Sign of each run, as on its curves; empty for a single run."""
        if len(self.sources) == 1:
            return [""]
        return [CURVE_GLYPHS[place % len(CURVE_GLYPHS)] for place in range(len(self.sources))]

    # --- the range ---

    def zoom(self, direction: int) -> None:
        """Show half the range (1), or twice the range (-1)."""
        self.zoom_at(_ZOOM**direction, self.current.crosshair)

    def zoom_at(self, factor: float, around: float | None) -> None:
        """Show `factor` times the range around a place."""
        if (extent := self.extent) is not None:
            self._show_range_of(self.base.zoomed(factor, around, extent))

    def pan(self, direction: int) -> None:
        """Move by a quarter of the visible range."""
        self.pan_by(_PAN * direction)

    def pan_by(self, share: float) -> None:
        """Move by a share of the visible range, to the right if positive."""
        if (extent := self.extent) is not None:
            self._show_range_of(self.base.panned(share, extent))

    def show_all(self) -> None:
        """Show all data and keep the crosshair."""
        self.base = replace(self.base, range=None, follow=None)

    def follow(self) -> None:
        """Keep the width and follow the newest data."""
        if (extent := self.extent) is not None:
            self._show_range_of(self.base.following(extent))

    def reset(self) -> None:
        """Show all data without a crosshair."""
        self.hovered, self.base = None, self.base.reset()

    # --- how it is drawn ---

    def smooth(self, steps: int) -> None:
        """Smooth more, or less if negative."""
        self.base = self.base.smoother(steps)

    def smooth_by(self, weight: float) -> None:
        """Smooth with this weight, 0 to 0.999."""
        self.base = replace(self.base, smoothing=weight)

    def next_unit(self) -> XUnit:
        """Return the next unit that all runs have published; the current one if there is no other."""
        units = [unit for unit in X_UNITS if all(unit in one.units for one in self.sources)]
        now = self.base.unit
        return units[(units.index(now) + 1) % len(units)] if now in units else "iteration"

    def show_over(self, unit: XUnit) -> None:
        """Change the unit of the x axis."""
        if unit != self.base.unit:
            self.hovered = None
            self.base = self.base.in_unit(unit, lambda place: self._in_unit(place, unit))

    # --- the crosshair ---

    def step_crosshair(self, direction: int, cells: int) -> None:
        """Move by one cell of a plot, at least by one iteration; it starts at the newest visible data."""
        extent = self.extent
        if extent is None:
            return
        low, high = self.base.visible(extent)
        low, high = max(low, extent[0]), min(high, extent[1])
        before = self.base.crosshair
        place = high if before is None else before + direction * cell_span((low, high), cells)
        if self.base.unit == "iteration":
            place = round(place) if before is None or round(place) != before else before + direction
        self.hovered = None
        self.base = self.base.with_crosshair(min(max(place, low), high))

    def keep_crosshair(self) -> None:
        """Keep the crosshair at the mouse's place."""
        self.base = self.current

    def drop_crosshair(self) -> None:
        self.hovered, self.base = None, self.base.with_crosshair(None)

    def header_texts(self, unit_key: str, logs: int, charts_left_out: int) -> list[str]:
        """Return ever shorter texts of the crosshair's position; without one, warnings, or the x axis and the y axes.

        `unit_key` switches to time, `logs` charts have a logarithmic axis, `charts_left_out` had no room.
        """
        crosshair, warnings = self.crosshair_texts(), self.warnings(unit_key)
        if warnings and not crosshair:
            return [*warnings, ""]
        return crosshair or view_texts(self.current, logs, charts_left_out)

    def crosshair_texts(self) -> list[str]:
        """Return ever shorter texts of the crosshair's position; empty if there is none."""
        place = self.current.crosshair
        if place is None or self.extent is None:
            return []
        others = [unit for unit in self.sources[0].units if unit != self.base.unit]
        units = [self.base.unit, *(others if len(self.sources) == 1 else [])]
        places = [(unit, self._in_unit(place, unit)) for unit in units]
        return crosshair_texts([(unit, there) for unit, there in places if there is not None])

    def crosshair_iteration(self) -> float | None:
        """Return the crosshair's position in iterations of the first run; None without a crosshair."""
        place = self.current.crosshair
        return None if place is None or self.extent is None else self._in_unit(place, "iteration")

    @property
    def run_names(self) -> list[str]:
        """Name of each run, with what its steps count if that differs between runs."""
        if not self._steps_differ:
            return [source.name for source in self.sources]
        return [f"{source.name} ({source.steps})" if source.steps else source.name for source in self.sources]

    def warnings(self, key: str) -> list[str]:
        """Return ever shorter warnings that the x axis counts different things, or nothing; `key` switches to time."""
        if self.base.unit != "iteration":
            return []
        if not all(source.has_steps for source in self.sources):
            return [f"logged without steps; {key} for time", f"no steps; {key} for time", "no steps"]
        return [f"steps differ; {key} for time", "steps differ"] if self._steps_differ else []

    def marks_at_crosshair(self, cells: int) -> list[tuple[str, Mark]]:
        """Return the marks in the crosshair's cell and its neighbours, each with the sign of its run."""
        place, extent = self.current.crosshair, self.extent
        if place is None or extent is None:
            return []
        placed = [
            (float(source.history.timeline.place(mark.iteration, self.base.unit)), run, mark)
            for source, run in zip(self.sources, self.run_signs, strict=True)
            for mark in source.marks
        ]
        return marks_near(placed, place, cell_span(self.base.visible(extent), cells))

    @property
    def _steps_differ(self) -> bool:
        return len(self.sources) > 1 and len(steps_of(self.sources)) > 1

    def _show_range_of(self, view: ChartView) -> None:
        self.base = replace(view, crosshair=self.base.crosshair)

    def _in_unit(self, place: float, unit: XUnit) -> float | None:
        return self.sources[0].convert(place, self.base.unit, unit)
