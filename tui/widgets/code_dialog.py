"""The code of one run, or what two runs differ in, over the whole screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from trainer_proc.contract.run_folder import RunFolder
from tui.session.runs.code_changes import read_run_code
from tui.session.runs.code_text import CodeLine, code_lines
from tui.session.runs.labels import shown_names
from tui.session.text import plain
from tui.widgets.dialogs import Dialog
from tui.widgets.key_table import key


class CodeView(ScrollView, can_focus=True):
    """Lines of code; only those in sight are drawn."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *("code--title", "code--file", "code--hunk", "code--added", "code--removed", "code--note", "code--text")
    }
    DEFAULT_CSS = """
    CodeView {
        background: $surface; color: $text; overflow: auto; scrollbar-size: 1 1;
        & > .code--title { text-style: bold; background: $panel; }
        & > .code--file { text-style: bold; color: $accent; }
        & > .code--hunk { color: $foreground-muted; }
        & > .code--added { color: $text-success; }
        & > .code--removed { color: $text-error; }
        & > .code--note { color: $text-warning; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        key("n", "file(1)", "next file", "Go to the next file", id="code.next"),
        key("N", "file(-1)", "previous file", "Go to the previous file", id="code.previous"),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.lines: Sequence[CodeLine] = ()

    def show(self, lines: Sequence[CodeLine]) -> None:
        """Show these lines from the first on."""
        self.lines = lines
        strips = (self._strip(row).cell_length for row in range(len(lines)))
        self.virtual_size = Size(max(strips, default=0), len(lines))
        self.refresh()

    def action_file(self, direction: int) -> None:
        """Go to the next file, or the previous one; titles of sections count too."""
        here = self.scroll_offset.y
        rows = [row for row, line in enumerate(self.lines) if line.kind in ("file", "title")]
        there = [row for row in rows if (row - here) * direction > 0]
        if there:
            self.scroll_to(y=there[0] if direction > 0 else there[-1], animate=False)

    def render_line(self, y: int) -> Strip:
        left, top = self.scroll_offset
        width, style = self.size.width, self.rich_style
        if top + y >= len(self.lines):
            return Strip.blank(width, style)
        row = top + y
        own = style + self.get_component_rich_style(f"code--{self.lines[row].kind}", partial=True)
        return self._strip(row).crop_extend(left, left + width, own).apply_style(own)

    def _strip(self, row: int) -> Strip:
        return Strip([Segment(self.lines[row].text)])


class CodeDialog(Dialog[None]):
    """Shows the code of one run, or what two runs differ in; reads it in a thread."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape,g,q", "dismiss(None)", "back", "Close the code", id="code.back", footer=True),
    ]
    DEFAULT_CSS = """
    CodeDialog { align: center middle; }
    CodeDialog > Vertical { width: 100%; height: 100%; border: round $border; background: $surface; }
    """

    def __init__(self, *folders: RunFolder) -> None:
        """Show the code of one or two runs."""
        super().__init__()
        self._folders = folders

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = plain(f"code of {' and '.join(shown_names(self._folders))}")
            box.border_subtitle = "n, N files  Esc closes"
            yield CodeView(id="code")

    def on_mount(self) -> None:
        """Read the code."""
        self.query_one(CodeView).show([CodeLine("text", "reading…")])
        self._read()

    @work(thread=True)
    def _read(self) -> None:
        lines = code_lines([read_run_code(folder) for folder in self._folders])
        self.app.call_from_thread(self._show, lines)

    def _show(self, lines: list[CodeLine]) -> None:
        if self.is_attached:
            self.query_one(CodeView).show(lines)
