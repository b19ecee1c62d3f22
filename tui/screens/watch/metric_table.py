"""All metrics of a run with their newest values; only visible lines are rendered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.session.watch.branches import Branches
from tui.session.watch.metric_rows import Widths, fit, heading, row, shown_names
from tui.terminal.scroll_bars import fit_scroll_bars
from tui.widgets.key_table import key


class MetricTable(ScrollView, can_focus=True):
    """One line a metric; Enter pins a chart of the selected one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("up", "move(-1)", "previous metric", "Go to the metric above", id="metrics.above"),
        key("down", "move(1)", "next metric", "Go to the metric below", id="metrics.below"),
        key("pageup", "page(-1)", "page up", "Go up one page", id="metrics.page-up"),
        key("pagedown", "page(1)", "page down", "Go down one page", id="metrics.page-down"),
        key("home", "go(0)", "first metric", "Go to the first metric", id="metrics.first"),
        key("end", "go(-1)", "last metric", "Go to the last metric", id="metrics.last"),
        key("enter", "choose", "pin", "Pin a chart of the metric, or unpin it", id="metrics.chart"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"metrics--heading", "metrics--cursor", "metrics--even"}
    DEFAULT_CSS = """
    MetricTable {
        scrollbar-size: 0 1;
        scrollbar-gutter: stable;
        & > .metrics--heading { text-style: bold; color: $foreground-muted; }
        & > .metrics--even { background: $surface; }
        & > .metrics--cursor {
            background: $block-cursor-blurred-background; color: $block-cursor-blurred-foreground; text-style: bold;
        }
        &:focus > .metrics--cursor {
            background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
        }
    }
    MetricTable:nocolor > .metrics--heading { text-style: bold underline; }
    MetricTable:nocolor > .metrics--cursor { text-style: reverse; }
    """

    @dataclass
    class Chosen(Message):
        """The user pins or unpins a metric."""

        name: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._names: Sequence[str] = ()
        self._metrics: Mapping[str, Branches] = {}
        self._widths: Widths = fit(0)
        self._shown_names: Sequence[str] = ()
        self._cursor = 0
        self._drawn: dict[int, str] = {}

    @property
    def metric(self) -> str | None:
        """The selected metric."""
        return self._names[self._cursor] if self._cursor < len(self._names) else None

    def show(self, names: Sequence[str], metrics: Mapping[str, Branches]) -> None:
        """Update the visible lines; the cursor stays on its metric."""
        before = self.metric
        is_other = names != self._names
        self._names, self._metrics = names, metrics
        if is_other:
            self._cursor = names.index(before) if before in names else min(self._cursor, max(len(names) - 1, 0))
            self._resize()
            self.refresh()
        else:
            self._refresh_changed()

    def go_to_first(self) -> None:
        """Put the cursor on the best match."""
        self.action_go(0)

    def on_resize(self, event: events.Resize) -> None:
        self._resize()

    def render_line(self, y: int) -> Strip:
        """Draw a line: the heading stays above the rows."""
        width = self.scrollable_content_region.width
        if y == 0:
            return self._strip(heading(self._widths), "metrics--heading", width)
        number = y - 1 + round(self.scroll_y)
        if number >= len(self._names):
            return Strip.blank(width, self.rich_style)
        text = self._text(number)
        self._drawn[number] = text
        look = "metrics--cursor" if number == self._cursor else "metrics--even" if number % 2 else ""
        return self._strip(text, look, width)

    async def on_click(self, event: events.Click) -> None:
        """Put the cursor where it was clicked; a second click chooses."""
        number = event.y - 1 + round(self.scroll_y)
        if event.y > 0 and number < len(self._names):
            self.action_go(number)
            if event.chain > 1:
                self.action_choose()

    def action_move(self, by: int) -> None:
        """Move the cursor by so many lines."""
        self.action_go(min(max(self._cursor + by, 0), max(len(self._names) - 1, 0)))

    def action_page(self, direction: int) -> None:
        """Move the cursor by one page."""
        self.action_move(direction * max(self._rows_seen - 1, 1))

    def action_go(self, number: int) -> None:
        """Put the cursor on a line, from 0 on; -1 is the last."""
        self._cursor = max(len(self._names) - 1, 0) if number < 0 else number
        if self._cursor < self.scroll_y:
            self.scroll_to(y=self._cursor, animate=False)
        elif self._cursor >= self.scroll_y + self._rows_seen:
            self.scroll_to(y=self._cursor - self._rows_seen + 1, animate=False)
        self.refresh()

    def watch_virtual_size(self) -> None:
        fit_scroll_bars(self)

    def action_choose(self) -> None:
        """Pin or unpin the selected metric."""
        if self.metric is not None:
            self.post_message(self.Chosen(self.metric))

    @property
    def _rows_seen(self) -> int:
        return max(self.scrollable_content_region.height - 1, 1)

    def _resize(self) -> None:
        self._widths = fit(self.scrollable_content_region.width)
        self._shown_names = shown_names(self._names, self._widths)
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._names) + 1)
        self._drawn.clear()

    def _refresh_changed(self) -> None:
        first = round(self.scroll_y)
        seen = range(first, min(first + self._rows_seen, len(self._names)))
        changed = [number for number in seen if self._drawn.get(number) != self._text(number)]
        width = self.scrollable_content_region.width
        if changed:
            self.refresh(*(Region(0, number - first + 1, width, 1) for number in changed))

    def _text(self, number: int) -> str:
        return row(self._shown_names[number], self._metrics[self._names[number]], self._widths)

    def _strip(self, text: str, look: str, width: int) -> Strip:
        style = self.get_component_rich_style(look) if look else self.rich_style
        return Strip([Segment(text, style)]).adjust_cell_length(width, style)
