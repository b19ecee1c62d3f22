"""The header line of a board: its pages, the view, and the marks at the crosshair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from textual import events
from textual.content import Content, Span
from textual.message import Message
from textual.widgets import Static

from tui.session.board.pages import Page
from tui.session.interventions.marks import Mark
from tui.session.text import plain
from tui.widgets.board.header_text import HeaderLine, header_line, marks_text


class BoardHeader(Static):
    """Shows the pages and the view; with the crosshair near marks, the changes there. A click opens a page."""

    DEFAULT_CSS = """
    BoardHeader { height: 1; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
    """
    _CURRENT_STYLE = "bold reverse"

    @dataclass
    class PageChosen(Message):
        """The page with this index was clicked."""

        page: int

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self._line = HeaderLine("")
        self._content: tuple[Sequence[Page], int, Sequence[str], Sequence[tuple[str, Mark]]] = ((), 0, (), ())
        self._shown: tuple[str, int] = ("", -1)

    def show(
        self, pages: Sequence[Page], current: int, view_texts: Sequence[str], marks: Sequence[tuple[str, Mark]]
    ) -> None:
        """Show the pages and the view; the marks at the crosshair, if any, replace the pages."""
        self._content = (pages, current, view_texts, marks)
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def on_click(self, event: events.Click) -> None:
        for tab in self._line.tabs:
            if tab.start <= event.x < tab.end:
                self.post_message(self.PageChosen(tab.page))

    def _draw(self) -> None:
        pages, current, view_texts, marks = self._content
        width = self.size.width
        if not pages or not width:
            return
        if marks:
            where = view_texts[-1] if view_texts else ""
            text = marks_text([(run, _safe(mark)) for run, mark in marks], width - len(where) - 2)
            self._line = HeaderLine(f"{text:<{width - len(where)}}{where}")
        else:
            self._line = header_line(pages, current, view_texts, width)
        tab = next((tab for tab in self._line.tabs if tab.page == current), None)
        if (self._line.text, current) != self._shown:
            self._shown = (self._line.text, current)
            spans = [] if tab is None else [Span(tab.start, tab.end, self._CURRENT_STYLE)]
            self.update(Content(self._line.text, spans=spans))


def _safe(mark: Mark) -> Mark:
    return replace(mark, label=plain(mark.label), text=plain(mark.text))
