"""The trainer's log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events, on
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from tui.session.log.levels import LEVELS, Level
from tui.session.log.pages import LogPage, LogView
from tui.session.log.reader import ConsoleReader
from tui.session.log.search import occurrences
from tui.session.log.titles import SIGNS
from tui.widgets.key_table import key
from tui.widgets.thread_failed import ThreadFailed

_SIGN = len(SIGNS["info"])
_CURRENT = "▸ "
"""Marks the line that a search or a jump has led to."""


class LogViewer(ScrollView, can_focus=True):
    """Shows the visible page of a log; follows the end of the log unless scrolled up.

    A thread (`ConsoleReader`) reads the log and sends pages.
    """

    ALLOW_SELECT = True
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *("console--warning", "console--error"),
        *("console--match", "console--current"),
    }
    DEFAULT_CSS = """
    LogViewer {
        background: $surface;
        color: $text;
        overflow: scroll;
        &:focus { background-tint: $foreground 5%; }
        & > .console--warning { color: $text-warning; }
        & > .console--error { color: $text-error; }
        & > .console--match { text-style: reverse; }
        & > .console--current { text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        key("n", "jump('next')", "next match", "Go to the next matching line", id="console.next"),
        key("N", "jump('previous')", "previous match", "Go to the previous matching line", id="console.previous"),
        key("T", "traceback", "traceback", "Go to the latest traceback, then to earlier ones", id="console.traceback"),
        key("v", "level", "errors only", "Cycle: all lines, warnings and errors, errors", id="console.level"),
        key("y", "copy", "copy line", "Copy the selected line or traceback", id="console.copy"),
    ]

    @dataclass
    class PageRead(Message):
        """A page was read."""

        page: LogPage

    @dataclass
    class Copied(Message):
        """The lines to copy."""

        lines: list[str]

    def __init__(self, path: Path, *, id: str | None = None) -> None:
        """Show the log at `path`, which need not exist yet."""
        super().__init__(id=id)
        self.page: LogPage | None = None
        self.needle = ""
        self._path = path
        self._reader: ConsoleReader | None = None
        self._follows = True
        self._level: Level = "info"
        self._width = 0

    def on_mount(self) -> None:
        """Start the reader."""
        self._reader = ConsoleReader(
            self._path,
            on_page=lambda page: self._post(self.PageRead(page)),
            on_copy=lambda lines: self._post(self.Copied(lines)),
            on_problem=lambda text: self._post(ThreadFailed(text)),
        )

    def on_unmount(self) -> None:
        """Stop the reader."""
        if self._reader is not None:
            self._reader.close()

    @property
    def lines(self) -> Sequence[str]:
        """The loaded lines: the visible ones and some above and below."""
        return [line.text for line in self.page.lines] if self.page is not None else []

    @property
    def line_count(self) -> int:
        """How many lines pass the level filter."""
        return self.page.rows if self.page is not None else 0

    # --- requests ---

    def search(self, needle: str) -> None:
        """Search while the user types; an empty needle ends the search."""
        if needle != self.needle and self._reader is not None:
            self.needle = needle
            self._reader.search(self._view, needle)
            self.refresh()

    def action_jump(self, direction: str) -> None:
        """Go to the next or the previous match."""
        if self._reader is not None:
            self._reader.jump(self._view, "next" if direction == "next" else "previous")

    def action_traceback(self) -> None:
        if self._reader is not None:
            self._reader.jump_to_traceback(self._view)

    def action_level(self) -> None:
        """Show the next level: all, warnings and errors, errors."""
        if self._reader is not None:
            self._level = LEVELS[(LEVELS.index(self._level) + 1) % len(LEVELS)]
            self._reader.change_level(self._view, self._level)

    def action_copy(self) -> None:
        """Copy the current line or traceback."""
        if self._reader is not None:
            self._reader.copy()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable what is impossible now; `y` then belongs to the screen."""
        if action == "copy":
            return self.page is not None and self.page.found is not None
        return action != "jump" or bool(self.needle)

    @property
    def _view(self) -> LogView:
        level = self.page.view.level if self.page is not None else self._level
        return LogView(self.scroll_offset.y, max(self.size.height, 1), self._follows, level)

    # --- pages ---

    @on(PageRead)
    def _take_page(self, message: PageRead) -> None:
        page, before = message.page, self._visible_state()
        if page.needle != self.needle or (self.page is not None and page.view.level != self._level):
            return  # outdated: the page for the latest key is on its way
        self.page = page
        self._width = max([self._width, *(cell_len(line.text) + _SIGN for line in page.lines)])
        size = Size(self._width, page.rows)
        if size != self.virtual_size:
            self.virtual_size = size
        if page.go_to is not None:
            self._follows = False
            self.scroll_to(y=page.go_to, immediate=True)
        elif self._follows:
            self.scroll_end(immediate=True, x_axis=False)
        self._request_missing_rows()
        if self._visible_state() != before:
            self.refresh()

    def _visible_state(self) -> object:
        """Return what is visible, for a comparison after a change."""
        if self.page is None:
            return None
        start = max(self.scroll_offset.y - self.page.first, 0)
        end = start + self.size.height
        return (self.page.lines[start:end], self.page.levels[start:end], self.page.found, self.page.needle)

    def _request_missing_rows(self) -> None:
        if self.page is None:
            return
        top, bottom = self.scroll_offset.y, min(self.scroll_offset.y + self.size.height, self.page.rows)
        is_missing = top < self.page.first or bottom > self.page.first + len(self.page.lines)
        if is_missing or self.page.view.follows != self._follows:
            self._request_page()

    def _request_page(self) -> None:
        """Request the visible page, unless the level changes: that page comes anyway."""
        if self._reader is not None and (self.page is None or self.page.view.level == self._level):
            self._reader.show(self._view)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow the log while its end is visible; request missing rows."""
        super().watch_scroll_y(old_value, new_value)
        if self.page is not None:
            self._follows = self.is_vertical_scroll_end
            self._request_missing_rows()

    def on_resize(self, event: events.Resize) -> None:
        """Keep the end visible when the size changes."""
        if self._follows:
            self.scroll_end(immediate=True, x_axis=False)
        self._request_page()

    def scroll_to(self, x: float | None = None, y: float | None = None, **how: Any) -> None:
        """Scroll without animation: over a slow connection each step would be drawn."""
        super().scroll_to(x, y, **{**how, "animate": False})

    def scroll_end(self, **how: Any) -> None:
        """Scroll to the end without animation: a growing log would outrun it."""
        super().scroll_end(**{**how, "animate": False})

    def _post(self, message: Message) -> None:
        self.post_message(message)

    # --- drawing ---

    def render_line(self, y: int) -> Strip:
        """Draw a row of the page, blank if it is not loaded yet."""
        left, top = self.scroll_offset
        row, width, style = top + y, self.size.width, self.rich_style
        index = row - self.page.first if self.page is not None else -1
        if self.page is None or not 0 <= index < len(self.page.lines):
            return Strip.blank(width, style)
        text, level = self.page.lines[index].text, self.page.levels[index]
        strip = Strip(self._segments(row, text, level, style))
        return strip.crop_extend(left, left + width, style).apply_offsets(left, row)

    def _segments(self, row: int, text: str, level: Level, style: Style) -> list[Segment]:
        """Return the sign and the text in pieces of one style."""
        assert self.page is not None
        if level != "info":
            style += self.get_component_rich_style(f"console--{level}", partial=True)
        is_current = row == self.page.found
        if is_current:
            style += self.get_component_rich_style("console--current", partial=True)
        match = self.get_component_rich_style("console--match", partial=True)
        spans = [(begin, end, match) for begin, end in occurrences(self.needle, text)]
        if (selected := self._selected(row, len(text))) is not None:
            spans.append((*selected, self.screen.get_component_rich_style("screen--selection")))
        sign = _CURRENT if is_current else SIGNS[level]
        return [Segment(sign, style), *_styled(text, style, spans)]

    # --- selecting with the mouse ---

    def _selected(self, row: int, length: int) -> tuple[int, int] | None:
        selection = self.text_selection
        span = selection.get_span(row) if selection is not None else None
        if span is None:
            return None
        begin, end = span
        return max(begin - _SIGN, 0), length if end == -1 else max(end - _SIGN, 0)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the selected text of the loaded rows."""
        if self.page is None:
            return None
        parts = []
        for row, line in enumerate(self.page.lines, self.page.first):
            if (span := selection.get_span(row)) is not None:
                begin, end = span
                parts.append(line.text[max(begin - _SIGN, 0) : None if end == -1 else max(end - _SIGN, 0)])
        return "\n".join(parts), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw what is selected."""
        self.refresh()


def _styled(text: str, style: Style, spans: list[tuple[int, int, Style]]) -> list[Segment]:
    """Return `text` in `style`, with that of each span in addition where it is."""
    edges = sorted({0, len(text), *(min(edge, len(text)) for begin, end, _ in spans for edge in (begin, end))})
    segments = []
    for begin, end in pairwise(edges):
        piece = style
        for first, last, more in spans:
            if first <= begin and end <= last:
                piece += more
        segments.append(Segment(text[begin:end], piece))
    return segments
