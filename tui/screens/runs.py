"""The list of runs on disk."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Static

from tui.session.checkpoints import origin_of
from tui.session.describe import STATUS_SIGNS, number
from tui.session.runs import RunSummary, run_folders, summarize
from tui.session.text import plain

_REFRESH_SECONDS = 2.0


class RunsScreen(Screen[None]):
    """Runs, newest first; Enter opens the dashboard of one."""

    CSS_PATH = "runs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "attach", "attach (Enter)", tooltip="Open this run's dashboard"),
        Binding("n", "new", "new training"),
        Binding("escape", "new", "back", show=False),
        Binding("q", "leave", "quit"),
    ]

    class Found(Message):
        """What is on disk was read."""

        def __init__(self, summaries: list[RunSummary], problem: str) -> None:
            super().__init__()
            self.summaries = summaries
            self.problem = problem

    def __init__(self, log_root: Path) -> None:
        """List the runs in `log_root`."""
        super().__init__()
        self._log_root = log_root
        self._summaries: list[RunSummary] = []
        self._rows: dict[str, tuple[str, ...]] = {}

    def compose(self) -> ComposeResult:
        """Lay out the table."""
        yield Static(Content(f"runs in {plain(_below_home(self._log_root))}"), classes="title-line")
        yield Static("", id="empty", markup=False)
        yield DataTable(id="runs", cursor_type="row", zebra_stripes=True)
        yield Footer()

    def on_mount(self) -> None:
        """Read the runs, and again two seconds after each reading."""
        self.query_one(DataTable).add_columns("status", "iteration", "reward", "experiment", "run")
        self._look()

    @work(thread=True, exclusive=True)
    def _look(self) -> None:
        try:
            self.post_message(self.Found([summarize(folder) for folder in run_folders(self._log_root)], ""))
        except OSError as error:
            self.post_message(self.Found([], f"the runs can't be read: {error}"))

    @on(Found)
    def _show(self, message: Found) -> None:
        self.set_timer(_REFRESH_SECONDS, self._look)
        empty = self.query_one("#empty", Static)
        empty.update(message.problem or "no runs yet: n starts one")
        empty.display = not message.summaries
        self._summaries = message.summaries
        rows = {str(summary.folder.path): _cells(summary) for summary in message.summaries}
        if rows != self._rows:
            self._fill(rows)

    def _fill(self, rows: dict[str, tuple[str, ...]]) -> None:
        """Make the table anew; the cursor stays on its run, wherever a newer one has moved it."""
        table = self.query_one(DataTable)
        row, before, now = table.cursor_row, list(self._rows), list(rows)
        if row < len(before) and before[row] in rows:
            row = now.index(before[row])
        self._rows = rows
        table.clear()
        for path, cells in rows.items():
            table.add_row(*(Text(cell) for cell in cells), key=path)
        table.move_cursor(row=max(0, min(row, len(rows) - 1)))

    @on(DataTable.RowSelected)
    def action_attach(self) -> None:
        """Open the dashboard of the run under the cursor."""
        row = self.query_one(DataTable).cursor_row
        if not 0 <= row < len(self._summaries):
            return
        summary = self._summaries[row]
        if summary.spec is None:
            self.notify(plain(summary.problem), severity="error", markup=False)
            return
        self.app.show_dashboard(summary.folder)  # type: ignore[attr-defined]

    def action_new(self) -> None:
        """Go to the launch screen."""
        self.app.show_launch()  # type: ignore[attr-defined]

    def action_leave(self) -> None:
        """Leave the program."""
        self.app.exit()


def _cells(summary: RunSummary) -> tuple[str, ...]:
    if summary.spec is None:
        return (f"{STATUS_SIGNS['failed']} unreadable", "", "", "", plain(summary.folder.name))
    done = f"{0 if summary.iteration is None else summary.iteration + 1} of {summary.iterations}"
    status = f"{STATUS_SIGNS[summary.status]} {summary.status}"
    name = f"{summary.folder.name}  {origin_of(summary.spec)}".rstrip()
    return status, done, number(summary.reward), plain(summary.spec.experiment), plain(name)


def _below_home(path: Path) -> str:
    """Return the whole path, with `~` for the person's own folder."""
    whole = path.resolve()
    try:
        return str("~" / whole.relative_to(Path.home().resolve()))
    except (ValueError, RuntimeError):  # elsewhere; or no home
        return str(whole)
