"""The chart on the screen: it keeps a description and repaints the cells that differ from the last picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from textual.app import ScreenStackError
from textual.dom import NoScreen
from textual.errors import NoWidget
from textual.geometry import Region
from textual.strip import Strip

from tui.charts.description import Band, ChartDescription, Marks, Reference, RunBand
from tui.charts.drawing import Painter
from tui.charts.plot import Plot
from tui.charts.view import ChartView, Range
from tui.session.board.chart_source import Curve
from tui.session.interventions.marks import Mark
from tui.session.metrics.timeline import Timeline
from tui.terminal.frame_clock import draw_soon
from tui.widgets.chart_mouse import ChartMouse


class Chart(ChartMouse):
    """A live chart of one or more series over iterations, environment steps or time.

    Append to the series, then call `data_changed`; the setters call it themselves.
    """

    DEFAULT_CSS = """
    Chart {
        height: 1fr;
        min-height: 4;
    }
    """

    def __init__(
        self,
        title: str = "",
        *,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
        disabled: bool = False,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes, disabled=disabled)
        self.description = ChartDescription(title, width=0, height=0)
        """Everything that the picture depends on; changed by the setters."""
        self._painter = Painter()
        self._stale = True
        self._update_scheduled = False

    # --- what is drawn ---

    @property
    def plot(self) -> Plot | None:
        return self._painter.plot

    def set_title(self, title: str) -> None:
        self._describe(title=title)

    def set_curves(self, curves: Iterable[Curve]) -> None:
        """Draw these curves only, at most 8. Call `data_changed` as they grow."""
        self._describe(curves=tuple(curves))

    def set_stacked(self, is_stacked: bool) -> None:
        """Draw the curves as stacked areas, or as curves."""
        self._describe(is_stacked=is_stacked)

    def set_references(self, references: Iterable[tuple[float, str]]) -> None:
        """Draw these dashed lines only, each a value and a label; a value that is not finite is not drawn."""
        self._describe(references=tuple(Reference(value, label) for value, label in references))

    def set_bands(self, bands: Iterable[tuple[float, float, str]]) -> None:
        """Shade these bands only, each a low end, a high end and a label; an infinite end is the end of the axis."""
        self._describe(bands=tuple(Band(low, high, label) for low, high, label in bands))

    def set_run_bands(self, bands: Iterable[RunBand]) -> None:
        """Draw the bands of these reference runs only."""
        self._describe(run_bands=tuple(bands))

    def set_marks(self, marks: Iterable[Mark], timeline: Timeline | None = None) -> None:
        """Draw a vertical line with a sign at the iteration of each of these marks only.

        `timeline` places the iterations on an x axis of another unit.
        """
        kept = tuple(marks)
        self._describe(marks=(Marks(kept, timeline),) if kept else ())

    def add_marks(self, marks: Iterable[Mark], timeline: Timeline | None = None) -> None:
        """Draw these marks too; another `timeline` means those of another run."""
        added, groups = tuple(marks), self.description.marks
        if not added:
            return
        if groups and groups[-1].timeline is timeline:
            groups, added = groups[:-1], groups[-1].marks + added
        self._describe(marks=(*groups, Marks(added, timeline)))

    def set_view(self, view: ChartView, extent: Range | None = None) -> None:
        """Set the view; `extent` is the range of all data on the x axis, by default that of the chart's curves."""
        self._describe(view=view, extent=extent)

    def data_changed(self, urgent: bool = False) -> None:
        """Show the newest data with the next frame. Call it after each append; many calls cost as much as one.

        Only cells that look different are repainted. A hidden chart is repainted when it becomes visible. Changes by
        the user are `urgent` and do not wait for a frame.
        """
        self._stale = True
        if self.is_mounted:
            self._update_scheduled = True
            draw_soon(self, self._update_if_visible, urgent)

    # --- painting ---

    def render_lines(self, crop: Region) -> list[Strip]:
        """Paint part of the chart; after it was hidden, update it first."""
        if self._stale and not self._update_scheduled:
            self._update()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Paint line `y` of the content, 0 at the top."""
        if self.size != (self.description.width, self.description.height):
            self._update()
        return super().render_line(y)

    def _describe(self, **changes: Any) -> None:
        before = self.description
        if any(getattr(before, name) != value for name, value in changes.items()):
            self.description = replace(before, **changes)
            self.data_changed(urgent=self.description.view != before.view)

    def _update_if_visible(self) -> int:
        self._update_scheduled = False
        return self._update() if self._stale and self._is_visible() else 0

    def _is_visible(self) -> bool:
        try:
            top_screen = self.app.screen
            if self.screen is not top_screen and not top_screen.is_modal:
                return False
            return bool(self.screen.find_widget(self).visible_region)
        except (ScreenStackError, NoScreen, NoWidget):
            return False

    def _update(self) -> int:
        """Draw the picture and request a repaint of changed cells; after a resize, Textual repaints all.

        Return an estimate of the bytes that the terminal will be sent.
        """
        self._stale = False
        resized = self.size != (self.description.width, self.description.height)
        if resized:
            self.description = replace(self.description, width=self.size.width, height=self.size.height)
        picture = self._painter.paint(self.description)
        return self.forget_lines(picture) if resized else self.repaint_changes(picture)
