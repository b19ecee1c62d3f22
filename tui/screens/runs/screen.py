"""The list of runs on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import DataTable, Input, Static

from trainer_proc.contract.run_folder import RunFolder
from tui.navigation import OpenRun, ShowCompare, ShowEvaluations, ShowLaunch
from tui.screens.runs.delete_dialog import DeleteDialog
from tui.screens.runs.run_table import RunTable
from tui.session.runs.chosen_runs import ChoiceError, read_choice, write_choice
from tui.session.runs.delete import DeleteError, delete_run
from tui.session.runs.run_columns import counted, run_details
from tui.session.runs.run_index import RunSummary
from tui.session.runs.run_list import RUN_ORDERS, RunList, RunOrder, is_live, matching, ordered
from tui.session.text import plain
from tui.terminal.partial_repaint import PartialRepaintScreen
from tui.widgets.continue_dialog import ContinueDialog
from tui.widgets.field import Field
from tui.widgets.key_footer import KeyFooter
from tui.widgets.key_table import key

_REFRESH_SECONDS = 2.0
_IDLE_SECONDS = 0.5
"""Delay after the list is shown until the dashboard is loaded in advance."""
_FEWEST_COMPARED = 2
_OF_RUNS = frozenset(
    ("attach", "choose", "choose_none", "compare", "evaluations", "sort", "reverse", "filter", "delete", "continue_run")
)
"""Actions that an empty list has no use for."""


class RunsScreen(PartialRepaintScreen):
    """Lists runs, newest first. Enter opens one; several can be chosen and compared."""

    CSS_PATH = "runs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("a", "attach", "open", "Open this run's dashboard, like Enter", id="runs.attach", footer=True),
        key("n", "new", "new", "Start a new training", id="runs.new", footer=True),
        key("space", "choose", "choose", "Add this run to the comparison, or remove it", id="runs.choose", footer=True),
        key("c", "compare", "compare", "Show the chosen runs on shared charts", id="runs.compare", footer=True),
        key("E", "evaluations", "evaluations",
            "Show this run's evaluations, and evaluate its checkpoints", id="runs.evaluations", footer=True),
        key("s", "sort", "sort", "Sort by the next column", id="runs.sort", footer=True),
        key("slash", "filter", "filter",
            "Filter runs by name, preset, task or status", id="runs.filter", footer=True, priority=True, display="/"),
        key("S", "reverse", "reverse", "Reverse the sort order", id="runs.reverse"),
        key("u", "choose_none", "choose none", "Remove all runs from the comparison", id="runs.choose-none"),
        key("C", "continue_run", "continue",
            "Continue this run, or fork it: a new run from one of its checkpoints", id="runs.continue"),
        key("d,delete", "delete", "delete",
            "Delete this run and all its files, after a question", id="runs.delete", footer=True),
        key("escape", "back", "back", "Clear the filter, or go back", id="runs.back"),
        key("q", "leave", "quit", "Quit the program", id="runs.quit"),
    ]  # fmt: skip

    @dataclass
    class Found(Message):
        """Runs were read from disk; `is_all` is whether no more follow."""

        summaries: list[RunSummary]
        problem: str
        is_all: bool

    @dataclass
    class ChoiceRead(Message):
        """The stored choice was read: chosen runs, and those hidden in the comparison."""

        chosen: list[RunFolder]
        hidden: set[Path]

    def __init__(self, log_root: Path) -> None:
        """List the runs in `log_root`."""
        super().__init__()
        self._log_root = log_root
        self._overview = RunList(log_root)
        self._summaries: list[RunSummary] = []
        self._chosen: dict[Path, RunFolder] = {}
        self._hidden: set[Path] = set()
        self._order: RunOrder = "newest"
        self._reverse = False
        self._is_empty = False
        """Whether all was read and there is no run."""

    def compose(self) -> ComposeResult:
        with Horizontal(classes="title-line"):
            yield Static(Content(f"runs in {plain(_below_home(self._log_root))}"), id="where")
            yield Static("", id="counts", markup=False)
        yield Field(placeholder="filter by name, preset, task or status; Escape clears", id="filter", compact=True)
        yield Static("", id="empty", markup=False)
        yield RunTable(id="runs")
        yield Static("", id="details", markup=False)
        yield KeyFooter()

    def on_mount(self) -> None:
        """Read the runs, and again 2 s after each reading."""
        self.query_one(Field).display = False
        self.query_one(RunTable).focus()
        self._read_choice()
        self.reload()

    @work(thread=True, exclusive=True, group="load")
    def _load_dashboard(self) -> None:
        """Load the dashboard in advance, while the user reads the list."""
        import tui.screens.dashboard.screen  # noqa: F401

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable `/` while the user types into the filter, and what needs runs if there are none."""
        if self._is_empty and action in _OF_RUNS:
            return False
        return action != "filter" or not isinstance(self.focused, Input)

    # --- what is on disk ---

    @work(thread=True, exclusive=True, group="look")
    def reload(self) -> None:
        found: list[RunSummary] = []
        try:
            for rows in self._overview.look():
                found = found + rows
                self.post_message(self.Found(found, "", is_all=False))
            self.post_message(self.Found(found, "", is_all=True))
        except OSError as error:
            self.post_message(self.Found([], f"cannot read the runs: {error}", is_all=True))

    @on(Found)
    def _show_found(self, message: Found) -> None:
        if message.is_all:
            self.set_timer(_REFRESH_SECONDS, self.reload)
            self.set_timer(_IDLE_SECONDS, self._load_dashboard)
        elif len(message.summaries) < len(self._summaries):
            return  # until all are read, the longer list stays
        empty = self.query_one("#empty", Static)
        empty.update(message.problem or "no runs yet: press n to start one")
        is_empty = message.is_all and not message.summaries
        empty.display = is_empty
        if is_empty != self._is_empty:
            self._is_empty = is_empty
            self.refresh_bindings()
        self._summaries = message.summaries
        self._show()

    def _show(self) -> None:
        rows = ordered(matching(self._summaries, self.query_one(Field).value), self._order, self._reverse)
        table = self.query_one(RunTable)
        table.show(rows, frozenset(self._chosen), self._order, self._reverse)
        live = sum(map(is_live, self._summaries))
        counts = counted(self._summaries, len(rows), live, len(self._chosen))
        way = ", reversed" if self._reverse else ""
        order = "" if table.is_order_shown else f", sorted by {self._order}{way}"
        self.query_one("#counts", Static).update(f"{counts}{order}")
        self._show_details()

    @on(DataTable.RowHighlighted)
    def _show_details(self) -> None:
        summary = self.query_one(RunTable).summary
        self.query_one("#details", Static).update("" if summary is None else run_details(summary))

    # --- order and filter ---

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._order = RUN_ORDERS[(RUN_ORDERS.index(self._order) + 1) % len(RUN_ORDERS)]
        self._reverse = False
        self._show()

    def action_reverse(self) -> None:
        """Reverse the sort order."""
        self._reverse = not self._reverse
        self._show()

    @on(RunTable.OrderRequested)
    def _sort(self, message: RunTable.OrderRequested) -> None:
        self._reverse = not self._reverse if message.order == self._order else False
        self._order = message.order
        self._show()

    def action_filter(self) -> None:
        """Open the filter field."""
        self.query_one(Field).open()

    @on(Input.Changed)
    def _match(self) -> None:
        self._show()

    @on(Input.Submitted)
    def _go_to_the_matches(self) -> None:
        self.query_one(RunTable).focus()

    def action_back(self) -> None:
        """Clear the filter; without one, go to the launch screen."""
        field = self.query_one(Field)
        if not field.display:
            self.action_new()
            return
        field.value = ""
        field.display = False
        self.query_one(RunTable).focus()

    # --- comparing ---

    @work(thread=True)
    def _read_choice(self) -> None:
        try:
            self.post_message(self.ChoiceRead(*read_choice(self._log_root)))
        except ChoiceError as problem:
            self.app.call_from_thread(self.notify, plain(str(problem)), severity="warning", markup=False)

    @work(thread=True, exclusive=True, group="keep choice")
    def _store_choice(self, chosen: list[RunFolder]) -> None:
        try:
            write_choice(self._log_root, chosen, self._hidden & {folder.path for folder in chosen})
        except ChoiceError as problem:
            self.app.call_from_thread(self.notify, plain(str(problem)), severity="warning", markup=False)

    @on(ChoiceRead)
    def _restore_choice(self, message: ChoiceRead) -> None:
        self._chosen = {folder.path: folder for folder in message.chosen} | self._chosen
        self._hidden = message.hidden
        self._show()

    def action_choose(self) -> None:
        """Add the selected run to the comparison, or remove it; go to the next."""
        summary = self._readable()
        if summary is None:
            return
        path = summary.folder.path
        if path in self._chosen:
            del self._chosen[path]
        else:
            self._chosen[path] = summary.folder
        self._store_choice(list(self._chosen.values()))
        self._show()
        self.query_one(RunTable).action_cursor_down()

    def action_choose_none(self) -> None:
        """Remove all runs from the comparison."""
        self._chosen = {}
        self._store_choice([])
        self._show()

    def action_compare(self) -> None:
        """Show the chosen runs on shared charts."""
        if len(self._chosen) < _FEWEST_COMPARED:
            self.notify("expected at least 2 chosen runs: choose them with space", markup=False)
            return
        self.post_message(ShowCompare(list(self._chosen.values())))

    # --- one run ---

    def _readable(self) -> RunSummary | None:
        """Return the selected run. If it cannot be read, report why and return None."""
        summary = self.query_one(RunTable).summary
        if summary is not None and summary.spec is None:
            self.notify(plain(summary.problem), severity="error", markup=False)
            return None
        return summary

    @on(DataTable.RowSelected)
    def action_attach(self) -> None:
        """Open the dashboard of the selected run."""
        summary = self._readable()
        if summary is not None:
            self.post_message(OpenRun(summary.folder))

    def action_evaluations(self) -> None:
        """Show the evaluations of the selected run."""
        if (summary := self._readable()) is not None:
            self.post_message(ShowEvaluations(summary.folder))

    @work
    async def action_continue_run(self) -> None:
        """Continue the selected run as a new one, and open that."""
        summary = self._readable()
        if summary is not None and (new := await self.answer_to(ContinueDialog(summary.folder))):
            self.post_message(OpenRun(new))

    def action_delete(self) -> None:
        """Delete the selected run after a question."""
        summary = self.query_one(RunTable).summary
        if summary is not None:
            self._delete(summary.folder)

    @work
    async def _delete(self, folder: RunFolder) -> None:
        if await self.answer_to(DeleteDialog(folder, self._log_root)):
            await self._delete_now(folder).wait()
            self.reload()

    @work(thread=True)
    def _delete_now(self, folder: RunFolder) -> None:
        try:
            delete_run(folder, self._log_root)
        except (DeleteError, OSError) as problem:
            self.app.call_from_thread(self.notify, plain(str(problem)), severity="error", markup=False)
        else:
            self.app.call_from_thread(self.notify, plain(f"{folder.name} deleted"), markup=False)

    def action_new(self) -> None:
        self.post_message(ShowLaunch())

    def action_leave(self) -> None:
        self.app.exit()


def _below_home(path: Path) -> str:
    """Return the absolute path, with `~` for the home folder."""
    whole = path.resolve()
    try:
        return str("~" / whole.relative_to(Path.home().resolve()))
    except (ValueError, RuntimeError):  # elsewhere; or no home
        return str(whole)
