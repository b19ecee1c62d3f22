"""The list of runs on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import DataTable, Input, Static

from trainer_proc.contract.run_folder import RunFolder
from tui.navigation import OpenRun, ShowCompare, ShowLaunch
from tui.screens.runs.delete_dialog import DeleteDialog
from tui.screens.runs.run_table import RunTable
from tui.session.runs.chosen_runs import ChoiceError, read_choice, write_choice
from tui.session.runs.delete import DeleteError, delete_run
from tui.session.runs.run_columns import counted, run_details
from tui.session.runs.run_index import RunSummary
from tui.session.runs.run_list import RUN_ORDERS, Overview, RunOrder, is_live, matching, ordered
from tui.session.text import plain
from tui.terminal.partial_repaint import LiveScreen
from tui.widgets.field import Field
from tui.widgets.key_footer import KeyFooter

_REFRESH_SECONDS = 2.0
_IDLE_SECONDS = 0.5
"""So long after the list is there, what its runs are opened with is loaded."""
_FEWEST_COMPARED = 2


class RunsScreen(LiveScreen):
    """Runs, newest first; Enter opens the dashboard of one, several can be chosen and compared."""

    CSS_PATH = "runs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "attach", "open", tooltip="Open this run's dashboard, as Enter does", id="runs.attach"),
        Binding("n", "new", "new", tooltip="Go to the launch screen", id="runs.new"),
        Binding(
            "space", "choose", "choose", tooltip="Choose this run to compare it with others, or not", id="runs.choose"
        ),
        Binding("c", "compare", "compare", tooltip="Show the chosen runs on the same charts", id="runs.compare"),
        Binding("s", "sort", "sort", tooltip="Order the runs by the next column", id="runs.sort"),
        Binding(
            "slash",
            "filter",
            "filter",
            key_display="/",
            priority=True,
            tooltip="Find runs by a few letters of name, preset, task or status",
            id="runs.filter",
        ),
        Binding(
            "S", "reverse", "other way", show=False, tooltip="Order the runs the other way round", id="runs.reverse"
        ),
        Binding("u", "choose_none", "choose none", show=False, tooltip="Choose no run any more", id="runs.choose-none"),
        Binding(
            "d,delete", "delete", "delete", tooltip="Delete this run with all its files; asks first", id="runs.delete"
        ),
        Binding("escape", "back", "back", show=False, tooltip="Show all runs, or go back", id="runs.back"),
        Binding("q", "leave", "quit", show=False, tooltip="Leave the program", id="runs.quit"),
    ]

    @dataclass
    class Found(Message):
        """What is on disk was read, or the newest of it."""

        summaries: list[RunSummary]
        problem: str
        is_all: bool

    @dataclass
    class WereChosen(Message):
        """These runs were chosen before."""

        chosen: list[RunFolder]
        hidden: set[Path]

    def __init__(self, log_root: Path) -> None:
        """List the runs in `log_root`."""
        super().__init__()
        self._log_root = log_root
        self._overview = Overview(log_root)
        self._summaries: list[RunSummary] = []
        self._chosen: dict[Path, RunFolder] = {}
        self._hidden: set[Path] = set()
        self._order: RunOrder = "newest"
        self._reverse = False

    def compose(self) -> ComposeResult:
        """Lay out the table."""
        with Horizontal(classes="title-line"):
            yield Static(Content(f"runs in {plain(_below_home(self._log_root))}"), id="where")
            yield Static("", id="counts", markup=False)
        yield Field(placeholder="letters of a name, preset, task or status; Escape clears", id="filter", compact=True)
        yield Static("", id="empty", markup=False)
        yield RunTable(id="runs")
        yield Static("", id="details", markup=False)
        yield KeyFooter()

    def on_mount(self) -> None:
        """Read the runs, and again two seconds after each reading."""
        self.query_one(Field).display = False
        self.query_one(RunTable).focus()
        self._read_choice()
        self._look()

    @work(thread=True, exclusive=True, group="load")
    def _load_dashboard(self) -> None:
        """Load what opening a run takes while the person looks at the list."""
        import tui.screens.dashboard.screen  # noqa: F401

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave a slash to the filter while one types there."""
        return action != "filter" or not isinstance(self.focused, Input)

    # --- what is on disk ---

    @work(thread=True, exclusive=True, group="look")
    def _look(self) -> None:
        found: list[RunSummary] = []
        try:
            for rows in self._overview.look():
                found = found + rows
                self.post_message(self.Found(found, "", is_all=False))
            self.post_message(self.Found(found, "", is_all=True))
        except OSError as error:
            self.post_message(self.Found([], f"the runs can't be read: {error}", is_all=True))

    @on(Found)
    def _take(self, message: Found) -> None:
        if message.is_all:
            self.set_timer(_REFRESH_SECONDS, self._look)
            self.set_timer(_IDLE_SECONDS, self._load_dashboard)
        elif len(message.summaries) < len(self._summaries):
            return  # the rest is still as it was read before
        empty = self.query_one("#empty", Static)
        empty.update(message.problem or "no runs yet: n starts one")
        empty.display = message.is_all and not message.summaries
        self._summaries = message.summaries
        self._show()

    def _show(self) -> None:
        rows = ordered(matching(self._summaries, self.query_one(Field).value), self._order, self._reverse)
        table = self.query_one(RunTable)
        table.show(rows, frozenset(self._chosen), self._order, self._reverse)
        live = sum(map(is_live, self._summaries))
        told = counted(self._summaries, len(rows), live, len(self._chosen))
        way = ", reversed" if self._reverse else ""
        order = "" if table.is_order_shown else f", by {self._order}{way}"
        self.query_one("#counts", Static).update(f"{told}{order}")
        self._show_details()

    @on(DataTable.RowHighlighted)
    def _show_details(self) -> None:
        summary = self.query_one(RunTable).summary
        self.query_one("#details", Static).update("" if summary is None else run_details(summary))

    # --- order and filter ---

    def action_sort(self) -> None:
        """Order by the next of what there is to order by."""
        self._order = RUN_ORDERS[(RUN_ORDERS.index(self._order) + 1) % len(RUN_ORDERS)]
        self._reverse = False
        self._show()

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._reverse = not self._reverse
        self._show()

    @on(RunTable.OrderRequested)
    def _order_as_asked(self, message: RunTable.OrderRequested) -> None:
        self._reverse = not self._reverse if message.order == self._order else False
        self._order = message.order
        self._show()

    def action_filter(self) -> None:
        """Let the person type letters."""
        field = self.query_one(Field)
        field.display = True
        self.set_focus(field)  # at once: `focus()` would come behind letters that are already on their way

    @on(Input.Changed)
    def _match(self) -> None:
        self._show()

    @on(Input.Submitted)
    def _go_to_the_matches(self) -> None:
        self.query_one(RunTable).focus()

    def action_back(self) -> None:
        """Show all runs again; if they are, go to the launch screen."""
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
            self.post_message(self.WereChosen(*read_choice(self._log_root)))
        except ChoiceError as problem:
            self.app.call_from_thread(self.notify, plain(str(problem)), severity="warning", markup=False)

    @work(thread=True, exclusive=True, group="keep choice")
    def _keep_choice(self, chosen: list[RunFolder]) -> None:
        try:
            write_choice(self._log_root, chosen, self._hidden & {folder.path for folder in chosen})
        except ChoiceError as problem:
            self.app.call_from_thread(self.notify, plain(str(problem)), severity="warning", markup=False)

    @on(WereChosen)
    def _choose_as_before(self, message: WereChosen) -> None:
        self._chosen = {folder.path: folder for folder in message.chosen} | self._chosen
        self._hidden = message.hidden
        self._show()

    def action_choose(self) -> None:
        """Choose the run under the cursor, or no longer; go on to the next."""
        summary = self._readable()
        if summary is None:
            return
        path = summary.folder.path
        if path in self._chosen:
            del self._chosen[path]
        else:
            self._chosen[path] = summary.folder
        self._keep_choice(list(self._chosen.values()))
        self._show()
        self.query_one(RunTable).action_cursor_down()

    def action_choose_none(self) -> None:
        """Choose no run any more."""
        self._chosen = {}
        self._keep_choice([])
        self._show()

    def action_compare(self) -> None:
        """Show the chosen runs on the same charts."""
        if len(self._chosen) < _FEWEST_COMPARED:
            self.notify("choose two runs or more with space, then compare them", markup=False)
            return
        self.post_message(ShowCompare(list(self._chosen.values())))

    # --- one run ---

    def _readable(self) -> RunSummary | None:
        """Return the run under the cursor; if it can't be read, say why and return None."""
        summary = self.query_one(RunTable).summary
        if summary is not None and summary.spec is None:
            self.notify(plain(summary.problem), severity="error", markup=False)
            return None
        return summary

    @on(DataTable.RowSelected)
    def action_attach(self) -> None:
        """Open the dashboard of the run under the cursor."""
        summary = self._readable()
        if summary is not None:
            self.post_message(OpenRun(summary.folder))

    def action_delete(self) -> None:
        """Ask, then delete the run under the cursor."""
        summary = self.query_one(RunTable).summary
        if summary is not None:
            self._delete(summary.folder)

    @work
    async def _delete(self, folder: RunFolder) -> None:
        if await self.answer_to(DeleteDialog(folder, self._log_root)):
            await self._delete_now(folder).wait()
            self._look()

    @work(thread=True)
    def _delete_now(self, folder: RunFolder) -> None:
        try:
            delete_run(folder, self._log_root)
        except (DeleteError, OSError) as problem:
            self.app.call_from_thread(self.notify, plain(str(problem)), severity="error", markup=False)
        else:
            self.app.call_from_thread(self.notify, plain(f"{folder.name} is deleted"), markup=False)

    def action_new(self) -> None:
        """Go to the launch screen."""
        self.post_message(ShowLaunch())

    def action_leave(self) -> None:
        """Leave the program."""
        self.app.exit()


def _below_home(path: Path) -> str:
    """Return the whole path, with `~` for the person's own folder."""
    whole = path.resolve()
    try:
        return str("~" / whole.relative_to(Path.home().resolve()))
    except (ValueError, RuntimeError):  # elsewhere; or no home
        return str(whole)
