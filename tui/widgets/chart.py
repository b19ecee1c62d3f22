"""The chart on the screen: it keeps the description and repaints what differs from the picture shown before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ScreenStackError
from textual.dom import DOMNode, NoScreen
from textual.errors import NoWidget
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.charts.canvas import BAND, RAW_STYLES, SERIES_STYLES, STYLES, CellGrid, changed_spans
from tui.charts.description import Band, ChartDescription, Marks, Reference
from tui.charts.drawing import Painter
from tui.charts.plot import Plot
from tui.charts.view import ChartView, Range
from tui.session.board.chart_source import Curve
from tui.session.interventions.marks import Mark
from tui.session.metrics.timeline import Timeline
from tui.terminal.frame_clock import draw_soon

ZOOM_STEP = 0.8
"""A turn of the wheel shows so much of what was seen, or as much more."""

_CELL_BYTES, _SPAN_BYTES = 5, 20
"""About what a terminal is sent for a cell with braille dots, and for going there and its colour."""
_RAW_SHARE = 55  # percent of its colour that a curve behind its smoothed one has
_COLOURS = "\n".join(
    f"    Chart > .chart--{series} {{ color: $series-{number}; }}\n"
    f"    Chart > .chart--{raw} {{ color: $series-{number} {_RAW_SHARE}%; }}"
    for number, (series, raw) in enumerate(zip(SERIES_STYLES, RAW_STYLES, strict=True), start=1)
)


class Chart(Widget):
    """A live chart of one or more series over iterations, environment steps or time.

    Append to the series, then call `data_changed`; everything else calls it by itself.
    """

    ALLOW_SELECT = False

    COMPONENT_CLASSES: ClassVar[set[str]] = {*(f"chart--{style}" for style in STYLES), "chart--band"}
    """One for each style that the drawing names; of the band, the background is used."""

    DEFAULT_CSS = f"""
    Chart {{
        height: 1fr;
        min-height: 4;
    }}
    Chart > .chart--title {{ text-style: bold; }}
    Chart > .chart--value {{ text-style: bold; }}
    Chart > .chart--readout {{ text-style: bold underline; }}
    Chart > .chart--axis {{ color: $text-disabled; }}
    Chart > .chart--label {{ color: $text-muted; }}
    Chart > .chart--reference {{ color: $chart-reference; }}
    Chart > .chart--band {{ background: $chart-band; }}
    Chart > .chart--band-edge {{ color: $chart-reference; }}
    Chart > .chart--mark {{ color: $chart-mark; }}
    Chart > .chart--gap {{ color: $text-error; text-style: bold; }}
    Chart > .chart--crosshair {{ color: $foreground; }}
{_COLOURS}
    """

    @dataclass
    class ChartMessage(Message):
        """Something that a person does with the mouse on a chart, which decides nothing by itself."""

        chart: Chart

        @property
        def control(self) -> Chart:
            """The chart."""
            return self.chart

    @dataclass
    class Zoomed(ChartMessage):
        """The wheel was turned: `factor` (below 1: zoom in) times as much is to be seen around the place `around`."""

        factor: float
        around: float

    @dataclass
    class Panned(ChartMessage):
        """The plot was dragged: the view is to move by a `share` of what is seen, to the right if positive."""

        share: float

    @dataclass
    class Hovered(ChartMessage):
        """The pointer is over a `place` on the x axis, or has left the plot: None."""

        place: float | None

    class Chosen(ChartMessage):
        """The chart was clicked."""

    class Maximised(ChartMessage):
        """The chart was clicked twice."""

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
        self._description = ChartDescription(title, width=0, height=0)
        self._painter = Painter()
        self._picture = CellGrid(0, 0)
        self._strips: dict[int, Strip] = {}
        self._styles_by_number: dict[int, Style] = {}
        self._stale = True
        self._update_scheduled = False
        self._hovered_column: int | None = None
        self._dragged_from: int | None = None
        self._was_dragged = False

    # --- what is drawn ---

    @property
    def plot(self) -> Plot | None:
        """Where on the chart the curves are, as of the last drawing; None if there are none to be seen."""
        return self._painter.plot

    def set_title(self, title: str) -> None:
        """Show another title."""
        self._describe(title=title)

    def set_curves(self, curves: Iterable[Curve]) -> None:
        """Draw these and no others, up to 8; the legend tells several apart. Call `data_changed` as they grow."""
        self._describe(curves=tuple(curves))

    def set_references(self, references: Iterable[tuple[float, str]]) -> None:
        """Draw dashed lines, each of a value and a label, and no others. One at NaN or an infinity can't be seen."""
        self._describe(references=tuple(Reference(value, label) for value, label in references))

    def set_bands(self, bands: Iterable[tuple[float, float, str]]) -> None:
        """Shade what is between two values, each band with its low end, its high end and a label, and no others.

        An infinite end is that of the axis.
        """
        self._describe(bands=tuple(Band(low, high, label) for low, high, label in bands))

    def set_marks(self, marks: Iterable[Mark], timeline: Timeline | None = None) -> None:
        """Draw a vertical line at each mark's iteration, with the sign of its kind, and no others.

        `timeline` tells where their iterations are, if the x axis counts anything else.
        """
        kept = tuple(marks)
        self._describe(marks=(Marks(kept, timeline),) if kept else ())

    def add_marks(self, marks: Iterable[Mark], timeline: Timeline | None = None) -> None:
        """Draw these marks too, as those of another run if the timeline is another."""
        added, groups = tuple(marks), self._description.marks
        if not added:
            return
        if groups and groups[-1].timeline is timeline:
            groups, added = groups[:-1], groups[-1].marks + added
        self._describe(marks=(*groups, Marks(added, timeline)))

    def set_view(self, view: ChartView, extent: Range | None = None) -> None:
        """Draw by this view. `extent` is the first and last place of all the data, by default of the chart's own."""
        self._describe(view=view, extent=extent)

    def data_changed(self, urgent: bool = False) -> None:
        """Show the newest data with the next frame; to be called after each append, many calls cost as much as one.

        Only the parts of lines that look different are painted again, and nothing while the chart can't be seen:
        it catches up when it next is. What a person has done is `urgent` and waits for no frame.
        """
        self._stale = True
        if self.is_mounted:
            self._update_scheduled = True
            draw_soon(self, self._update_if_visible, urgent)

    # --- painting ---

    def render_lines(self, crop: Region) -> list[Strip]:
        """Paint part of the chart; after being hidden, it is brought up to date first."""
        if self._stale and not self._update_scheduled:
            self._update()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Paint line `y` of the content, counted from the top."""
        if self.size != (self._description.width, self._description.height):
            self._update()
        if not 0 <= y < self._picture.height:
            return Strip.blank(self.size.width, self.rich_style)
        strip = self._strips.get(y)
        if strip is None:
            segments = [Segment(text, self._style(number)) for text, number in self._picture.segments(y)]
            strip = self._strips[y] = Strip(segments, self._picture.width)
        return strip

    def notify_style_update(self) -> None:
        """Forget how styles looked."""
        super().notify_style_update()
        self._styles_by_number.clear()
        self._strips.clear()

    def _style(self, number: int) -> Style:
        style = self._styles_by_number.get(number)
        if style is None:
            style = self._style_of_class(f"chart--{STYLES[number & ~BAND]}")
            if number & BAND:
                style += Style(bgcolor=self._style_of_class("chart--band").bgcolor)
            self._styles_by_number[number] = style
        return style

    def _style_of_class(self, name: str) -> Style:
        if name not in self._component_styles:
            part = DOMNode(classes=name)
            part._attach(self)
            self.app.stylesheet.apply(part)
            self._component_styles[name] = part.styles
        return self.get_component_rich_style(name)

    def _get_component_classes(self) -> frozenset[str]:  # type: ignore[override]  # not cached, as it grows
        """Tell Textual of those that were needed so far: to find the styles of all would take most of its start."""
        return frozenset(self._component_styles)

    def _describe(self, **changes: Any) -> None:
        before = self._description
        if any(getattr(before, name) != value for name, value in changes.items()):
            self._description = replace(before, **changes)
            self.data_changed(urgent=self._description.view != before.view)

    def _update_if_visible(self) -> int:
        self._update_scheduled = False
        return self._update() if self._stale and self._can_be_seen() else 0

    def _can_be_seen(self) -> bool:
        try:
            top_screen = self.app.screen
            if self.screen is not top_screen and not top_screen.is_modal:
                return False
            return bool(self.screen.find_widget(self).visible_region)
        except (ScreenStackError, NoScreen, NoWidget):
            return False

    def _update(self) -> int:
        """Draw anew and ask for what changed to be painted; after a resize, everything is painted anyway.

        Return about how many bytes the terminal will be sent.
        """
        self._stale = False
        resized = self.size != (self._description.width, self._description.height)
        if resized:
            self._description = replace(self._description, width=self.size.width, height=self.size.height)
        before, self._picture = self._picture, self._painter.paint(self._description)
        if resized:
            self._strips.clear()
            return self.size.area * _CELL_BYTES
        changed = changed_spans(before, self._picture)
        for line, _, _ in changed:
            self._strips.pop(line, None)
        if changed:
            self.refresh(*(Region(start, line, end - start, 1) for line, start, end in changed))
        return sum(_SPAN_BYTES + (end - start) * _CELL_BYTES for _, start, end in changed)

    # --- the mouse ---

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Tell where the pointer is, or how far it has dragged the plot."""
        column, row = self._cell(event)
        if self._dragged_from is not None:
            self._drag_to(column)
            return
        over = self._is_plot(column, row)
        if over != (self._hovered_column is not None) or (over and column != self._hovered_column):
            self._hover(column if over else None)

    def on_leave(self, event: events.Leave) -> None:
        """Tell that the pointer is gone."""
        if self._hovered_column is not None:
            self._hover(None)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zoom in."""
        self._zoom(event, ZOOM_STEP)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out."""
        self._zoom(event, 1 / ZOOM_STEP)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to drag the plot."""
        column, row = self._cell(event)
        self._was_dragged = False
        if event.button == 1 and self._is_plot(column, row):
            self._dragged_from = column
            self.capture_mouse()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go of the plot."""
        self.release_mouse()
        self._dragged_from = None

    def on_click(self, event: events.Click) -> None:
        """Choose the chart, unless it was dragged."""
        if not self._was_dragged:
            self.post_message(self.Maximised(self) if event.chain == 2 else self.Chosen(self))

    def _cell(self, event: events.MouseEvent) -> tuple[int, int]:
        """Return column and line of the content."""
        return event.x - self.gutter.left, event.y - self.gutter.top

    def _is_plot(self, column: int, row: int) -> bool:
        plot = self.plot
        return plot is not None and plot.left <= column < plot.right and plot.top <= row <= plot.bottom

    def _hover(self, column: int | None) -> None:
        self._hovered_column = column
        place = None if column is None or self.plot is None else self.plot.place(column)
        self.post_message(self.Hovered(self, place))

    def _drag_to(self, column: int) -> None:
        if self._dragged_from is not None and self.plot is not None and column != self._dragged_from:
            self.post_message(self.Panned(self, (self._dragged_from - column) / self.plot.cells))
            self._dragged_from, self._was_dragged = column, True

    def _zoom(self, event: events.MouseEvent, factor: float) -> None:
        column, row = self._cell(event)
        if self.plot is not None and self._is_plot(column, row):
            event.stop()
            event.prevent_default()
            self.post_message(self.Zoomed(self, factor, self.plot.place(column)))
