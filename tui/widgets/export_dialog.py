"""The dialog that exports charts or the screen to a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Input, Label, Static

from tui.charts.description import ChartDescription
from tui.charts.files.export import FILE_KINDS, ChartFileError, content_of, kind_of, proposed_file, write_file
from tui.charts.files.points import copied_charts
from tui.session.text import plain
from tui.themes import THEMES
from tui.widgets.dialogs import FormDialog
from tui.widgets.field import Field
from tui.widgets.inline_select import InlineSelect
from tui.widgets.key_table import key

_CHART, _PAGE, _SCREEN = "chart", "page", "screen"


@dataclass(frozen=True)
class View:
    """What can be exported: `charts` of a `page`, the `chosen` one of them, and the whole `screen` as SVG.

    `name` is that of the run or the program. `prefers_chosen` preselects the chosen chart. `folder` is that of the
    run, None if there is no run or several. `theme` is the one in force.
    """

    name: str
    page: str
    screen: str
    charts: tuple[ChartDescription, ...] = ()
    chosen: ChartDescription | None = None
    prefers_chosen: bool = False
    folder: Path | None = None
    theme: str = "dark"


class ExportDialog(FormDialog[Path | None]):
    """Asks what to export and where, and writes it; returns the path of the file, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape", "dismiss(None)", "cancel", "Close without exporting", id="write.cancel", footer=True),
        key("enter", "write", "export", "Write the file", id="write.write", footer=True),
    ]
    DEFAULT_CSS = """
    ExportDialog .-unused { display: none; }
    """
    AUTO_FOCUS = "#what"

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view
        self._proposed: Path | None = None
        self._may_overwrite: Path | None = None
        self._is_writing = False

    def compose(self) -> ComposeResult:
        whats = [_CHART] if self._view.chosen is not None else []
        whats += [_PAGE] if self._view.charts else []
        whats.append(_SCREEN)
        with VerticalScroll(can_focus=False) as box:
            box.border_title = "Export view"
            box.border_subtitle = "Enter exports  Tab next  Esc cancels"
            for id, label, words, chosen in (
                ("what", "content", tuple(whats), whats[0] if self._view.prefers_chosen else whats[len(whats) > 2]),
                ("kind", "format", FILE_KINDS, FILE_KINDS[0]),
                ("colours", "theme", tuple(THEMES), self._view.theme if self._view.theme in THEMES else "light"),
            ):
                with Horizontal(classes="line", id=f"{id}-line"):
                    yield Label(label)
                    yield InlineSelect(words, chosen, id=id)
            with Horizontal(classes="line"):
                yield Label("file")
                yield Field(id="file", compact=True)
            yield Static("", id="note", markup=False)
            yield Static("", id="problem", classes="problem", markup=False)

    def on_mount(self) -> None:
        self._fit()
        self.call_after_refresh(self._show_end)

    @on(InlineSelect.Changed)
    def _fit(self) -> None:
        """Propose a file name; of a typed name, change only the suffix."""
        is_screen = self._what == _SCREEN
        self.query_one("#kind-line").set_class(is_screen, "-unused")
        self.query_one("#colours-line").set_class(is_screen or self._kind == "csv", "-unused")
        field = self.query_one("#file", Input)
        typed = Path(field.value)
        if field.value and typed != self._proposed:
            field.value = str(typed.with_suffix(f".{self._kind}")) if typed.name else field.value
        else:
            self._proposed = proposed_file(self._view.folder, self._title, self._kind)
            field.value = str(_from_here(self._proposed))
            self._proposed = Path(field.value)
        self._show_end()
        self.query_one("#note", Static).update(plain(self._note()))

    def _show_end(self) -> None:
        """Scroll to the end of a long path, the file's own name; without a layout the field does not."""
        field = self.query_one("#file", Input)
        field.cursor_position = 0
        field.cursor_position = len(field.value)

    @on(Input.Changed)
    def _forget_the_question(self) -> None:
        self._may_overwrite = None
        self.query_one("#problem", Static).update("")

    @on(Input.Submitted)
    def action_write(self) -> None:
        """Write the file and close; show why if it cannot be written."""
        if self._is_writing:
            return
        path = Path(self.query_one("#file", Input).value.strip())
        try:
            if kind_of(path) != self._kind:
                raise ChartFileError(f"expected a file name that ends in .{self._kind}, got {path.name}")
        except ChartFileError as problem:
            self._show_problem(str(problem))
            return
        self._is_writing = True
        self._show_problem("writing…")
        theme, title = self.query_one("#colours", InlineSelect).value, f"{self._view.name}  {self._title}"
        charts, kind = copied_charts(self._charts), self._kind  # copies: the run continues

        is_screen = self._what == _SCREEN

        def content() -> bytes:
            if is_screen:
                return self._view.screen.encode(errors="replace")
            return content_of(charts, kind, theme, title)

        self._write(path, content, path == self._may_overwrite)

    @work(thread=True)
    def _write(self, path: Path, content: Callable[[], bytes], overwrite: bool) -> None:
        try:
            if path.expanduser().exists() and not overwrite:
                self.app.call_from_thread(self._ask_to_overwrite, path)
                return
            written = write_file(path, content(), overwrite)
        except ChartFileError as problem:
            self.app.call_from_thread(self._stay, str(problem))
        else:
            self.app.call_from_thread(self.dismiss, written)

    def _ask_to_overwrite(self, path: Path) -> None:
        self._stay(f"{path.name} exists: press Enter again to replace it")
        self._may_overwrite = path

    def _stay(self, problem: str) -> None:
        self._is_writing = False
        self._show_problem(problem)

    def _show_problem(self, problem: str) -> None:
        self.query_one("#problem", Static).update(plain(problem))

    @property
    def _charts(self) -> Sequence[ChartDescription]:
        if self._what == _CHART and self._view.chosen is not None:
            return (self._view.chosen,)
        return self._view.charts

    @property
    def _what(self) -> str:
        return self.query_one("#what", InlineSelect).value

    @property
    def _kind(self) -> str:
        return "svg" if self._what == _SCREEN else self.query_one("#kind", InlineSelect).value

    @property
    def _title(self) -> str:
        if self._what == _CHART and self._view.chosen is not None:
            return self._view.chosen.title
        return self._view.page if self._what == _PAGE else "screen"

    def _note(self) -> str:
        """Return a description of the file."""
        if self._what == _SCREEN:
            return "the whole screen, in its own colours"
        charts = len(self._charts)
        many = f"{charts} charts" if charts != 1 else f"{self._charts[0].title}"
        if self._kind == "csv":
            return f"{many}: all visible points with iteration, steps, seconds and values"
        return f"{many}: visible range with markers" + (", at 2× resolution" if self._kind == "png" else "")


def _from_here(path: Path) -> Path:
    """Return a shorter path to a file below the current folder."""
    whole, here = path.resolve(), Path.cwd()
    return whole.relative_to(here) if whole.is_relative_to(here) else whole
