"""The chart on the screen: it keeps the description and repaints what differs from the picture shown before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import cycle
from typing import ClassVar

from rich.segment import Segment
from textual.app import ScreenStackError
from textual.dom import NoScreen
from textual.errors import NoWidget
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.session.marks import Mark
from tui.session.series import Series
from tui.widgets.chart.canvas import SERIES_STYLES, Line, changed_spans
from tui.widgets.chart.drawing import ChartDescription, Curve, Reference, draw


class Chart(Widget):
    """A live chart of one or more series over all iterations so far.

    Append to the series, then call `data_changed`; everything else calls it by itself.
    """

    ALLOW_SELECT = False

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "chart--plain",
        "chart--title",
        "chart--value",
        "chart--axis",
        "chart--label",
        "chart--reference",
        "chart--mark",
        "chart--gap",
        "chart--series-1",
        "chart--series-2",
        "chart--series-3",
        "chart--series-4",
    }
    """One for each style that the drawing names."""

    DEFAULT_CSS = """
    Chart {
        height: 1fr;
        min-height: 4;
    }
    Chart > .chart--title { text-style: bold; }
    Chart > .chart--value { text-style: bold; }
    Chart > .chart--axis { color: $text-disabled; }
    Chart > .chart--label { color: $text-muted; }
    Chart > .chart--reference { color: $foreground; }
    Chart > .chart--mark { color: $text-warning; }
    Chart > .chart--gap { color: $text-error; text-style: bold; }
    Chart > .chart--series-1 { color: $text-primary; }
    Chart > .chart--series-2 { color: $text-success; }
    Chart > .chart--series-3 { color: $text-accent; }
    Chart > .chart--series-4 { color: $text-error; }
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
        self._description = ChartDescription(title, width=0, height=0)
        self._lines: list[Line] = []
        self._stale = True
        self._update_scheduled = False

    def set_title(self, title: str) -> None:
        """Show another title."""
        self._describe(replace(self._description, title=title))

    def set_curves(self, curves: Iterable[tuple[str, Series]]) -> None:
        """Draw these and no others, by name; the legend tells several apart. Call `data_changed` as they grow."""
        styles = cycle(SERIES_STYLES)
        drawn = tuple(Curve(name, series, next(styles)) for name, series in curves)
        self._describe(replace(self._description, curves=drawn))

    def set_references(self, references: Iterable[tuple[float, str]]) -> None:
        """Draw dashed lines, each of a value and a label, and no others. One at NaN or an infinity can't be seen."""
        drawn = tuple(Reference(value, label) for value, label in references)
        if drawn != self._description.references:
            self._describe(replace(self._description, references=drawn))

    def add_marks(self, marks: Iterable[Mark]) -> None:
        """Draw a vertical line at each mark's iteration, with the sign of its kind."""
        self._describe(replace(self._description, marks=(*self._description.marks, *marks)))

    def data_changed(self) -> None:
        """Show the newest data soon; to be called after each append, many calls cost little more than one.

        Only the parts of lines that look different are painted again, and nothing while the chart can't be seen:
        it catches up when it next is.
        """
        self._stale = True
        if not self._update_scheduled and self.is_mounted:
            self._update_scheduled = True
            self.call_later(self._update_if_visible)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Paint part of the chart; after being hidden, it is brought up to date first."""
        if self._stale:
            self._update()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Paint line `y` of the content, counted from the top."""
        if self.size != (self._description.width, self._description.height):
            self._update()
        if not 0 <= y < len(self._lines):
            return Strip.blank(self.size.width, self.rich_style)
        segments = [Segment(text, self.get_component_rich_style(f"chart--{style}")) for text, style in self._lines[y]]
        return Strip(segments, self.size.width)

    def _describe(self, description: ChartDescription) -> None:
        self._description = description
        self.data_changed()

    def _update_if_visible(self) -> None:
        self._update_scheduled = False
        if self._stale and self._can_be_seen():
            self._update()

    def _can_be_seen(self) -> bool:
        try:
            top_screen = self.app.screen
            if self.screen is not top_screen and not top_screen.is_modal:
                return False
            return bool(self.screen.find_widget(self).visible_region)
        except (ScreenStackError, NoScreen, NoWidget):
            return False

    def _update(self) -> None:
        """Draw anew and ask for what changed to be painted; after a resize, everything is painted anyway."""
        self._stale = False
        resized = self.size != (self._description.width, self._description.height)
        self._description = replace(self._description, width=self.size.width, height=self.size.height)
        before, self._lines = self._lines, draw(self._description)
        if not resized:
            changed = changed_spans(before, self._lines)
            if changed:
                self.refresh(*(Region(start, line, end - start, 1) for line, start, end in changed))
