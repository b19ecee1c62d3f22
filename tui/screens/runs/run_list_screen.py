"""The list of runs: what is read from disk, its order, its filter and archived runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import DataTable, Input, Static

from trainer_proc.contract.run_folder import RunFolder
from tui.navigation import ShowLaunch
from tui.screens.runs.host_lines import HostLines
from tui.screens.runs.run_table import RunTable
from tui.session.experiments.experiment import Experiment
from tui.session.experiments.run_groups import ExperimentList, grouped
from tui.session.hosts.watch import HostWatches
from tui.session.runs.labels import Labels
from tui.session.runs.run_columns import counted, run_details
from tui.session.runs.run_index import RunSummary
from tui.session.runs.run_list import RUN_ORDERS, RunList, RunOrder, is_live, ordered
from tui.session.runs.run_search import listed, matching
from tui.session.text import plain
from tui.terminal.partial_repaint import PartialRepaintScreen
from tui.widgets.field import Field
from tui.widgets.key_footer import KeyFooter
from tui.widgets.shown_keys import key_of

_REFRESH_SECONDS = 2.0
_IDLE_SECONDS = 0.5
"""Delay after the list is shown until the dashboard is loaded in advance."""


class RunListScreen(PartialRepaintScreen):
    """Reads the runs below a folder and lists them. The base of the modules with actions; `RunsScreen` has the keys."""

    CSS_PATH = "runs.tcss"

    @dataclass
    class Found(Message):
        """Runs were read from disk; `is_all` is whether no more follow."""

        summaries: list[RunSummary]
        experiments: dict[Path, Experiment]
        problem: str
        is_all: bool

    def __init__(self, log_root: Path, hosts: HostWatches | None = None) -> None:
        """List the runs in `log_root`, and those on `hosts`."""
        super().__init__()
        self._hosts = hosts
        self.log_root = log_root
        self.chosen: dict[Path, RunFolder] = {}
        """Runs chosen for the comparison."""
        self.has_no_runs = False
        """Whether all was read and there is no run."""
        self._runs = RunList(log_root)
        self._experiment_list = ExperimentList(log_root)
        self._experiments: dict[Path, Experiment] = {}
        self._opened: set[Path] = set()
        """Experiments whose runs are listed."""
        self._summaries: list[RunSummary] = []
        self._order: RunOrder = "newest"
        self._reverse = False
        self._with_archived = False
        self._problem = ""
        self._has_all = False
        """Whether all runs have been read once."""

    def compose(self) -> ComposeResult:
        with Horizontal(classes="title-line"):
            yield Static(Content(f"runs in {plain(_below_home(self.log_root))}"), id="where")
            yield Static("", id="counts", markup=False)
        yield Field(
            placeholder="filter by name, title, note, preset, task, status, #tag, is:starred; Escape clears",
            id="filter",
            compact=True,
        )
        yield HostLines(self._hosts, id="hosts")
        yield Static("", id="empty", markup=False)
        yield RunTable(id="runs")
        yield Static("", id="details", markup=False)
        yield KeyFooter()

    def on_mount(self) -> None:
        """Read the runs, and again 2 s after each reading."""
        self.query_one(Field).display = False
        self.table.focus()
        self.reload()

    @work(thread=True, exclusive=True, group="load")
    def _load_dashboard(self) -> None:
        """Load the dashboard in advance, while the user reads the list."""
        import tui.screens.dashboard.screen  # noqa: F401

    @property
    def table(self) -> RunTable:
        """The list itself."""
        return self.query_one(RunTable)

    def readable(self) -> RunSummary | None:
        """Return the selected run. If it cannot be read, or is a group, report that and return None."""
        summary = self.table.summary
        if self.table.group is not None:
            self.notify("expected a run: list those of the experiment with →", markup=False)
        if summary is not None and summary.spec is None:
            self.notify(plain(summary.problem), severity="error", markup=False)
            return None
        return summary

    def own(self) -> RunSummary | None:
        """Return the selected run as `readable` does; report one of another machine and return None."""
        summary = self.readable()
        if summary is None or summary.origin is None:
            return summary
        host = summary.origin.host
        self.notify(plain(f"this run is on {host}: open it, or use humanoid-tui --host {host} COMMAND"), markup=False)
        return None

    @on(HostLines.RowsChanged)
    def _show_rows_of_hosts(self) -> None:
        self.show_runs()

    @property
    def _all(self) -> list[RunSummary]:
        """The runs of this machine and of all hosts."""
        return self._summaries + (self._hosts.rows if self._hosts is not None else [])

    # --- what is on disk ---

    @work(thread=True, exclusive=True, group="look")
    def reload(self) -> None:
        found: list[RunSummary] = []
        try:
            experiments = self._experiment_list.look()
            for rows in self._runs.look():
                found = found + rows
                self.post_message(self.Found(found, experiments, "", is_all=False))
            self.post_message(self.Found(found, experiments, "", is_all=True))
        except OSError as error:
            self.post_message(self.Found([], {}, f"cannot read the runs: {error}", is_all=True))

    @on(Found)
    def _show_found(self, message: Found) -> None:
        if message.is_all:
            self.set_timer(_REFRESH_SECONDS, self.reload)
            self.set_timer(_IDLE_SECONDS, self._load_dashboard)
        elif len(message.summaries) < len(self._summaries):
            return  # until all are read, the longer list stays
        self._problem = message.problem
        self._summaries, self._experiments = message.summaries, message.experiments
        self._has_all = self._has_all or message.is_all
        self.show_runs()

    def show_runs(self) -> None:
        """Show the runs as they were read last."""
        pattern = self.query_one(Field).value
        every = self._all
        is_empty = self._has_all and not every and not self._experiments
        if is_empty != self.has_no_runs:
            self.has_no_runs = is_empty
            self.refresh_bindings()
        may_be_listed = listed(every, pattern, with_archived=self._with_archived)
        rows = ordered(matching(may_be_listed, pattern), self._order, self._reverse)
        table = self.table
        shown = grouped(
            rows, self._experiments, self._opened, every=self._summaries, with_empty=self._has_all and not pattern
        )
        table.show(shown, frozenset(self.chosen), self._order, self._reverse)
        archived = len(every) - len(may_be_listed)
        live = sum(map(is_live, every))
        counts = counted(may_be_listed, len(rows), live=live, chosen=len(self.chosen), archived=archived)
        way = ", reversed" if self._reverse else ""
        order = "" if table.is_order_shown else f", sorted by {self._order}{way}"
        self.query_one("#counts", Static).update(f"{counts}{order}")
        self._show_empty(archived if not shown and not pattern else 0)
        self._show_details()

    def _show_empty(self, archived: int) -> None:
        """Say why there is no row, if there is none; `archived` is the number of runs that are left out."""
        empty = self.query_one("#empty", Static)
        key = key_of(self.app, "runs.archived", "h")
        text = f"all runs are archived: press {key} to list them" if archived else "no runs yet: press n to start one"
        empty.update(plain(self._problem) or text)
        empty.display = self.has_no_runs or bool(archived)

    def show_labels(self, folder: RunFolder, labels: Labels) -> None:
        """Show the changed labels of a run at once."""
        self._summaries = [
            replace(one, labels=labels) if one.folder.path == folder.path else one for one in self._summaries
        ]
        self.show_runs()

    @on(DataTable.RowHighlighted)
    def _show_details(self) -> None:
        table = self.table
        text = "" if table.summary is None else run_details(table.summary)
        if (group := table.group) is not None:
            text = f"{group.experiment.name}  {group.counts_text}  {group.experiment.spec.task}"
        self.query_one("#details", Static).update(plain(text))

    @on(RunTable.Folded)
    def _fold(self, message: RunTable.Folded) -> None:
        (self._opened.discard if message.is_folded else self._opened.add)(message.path)
        self.show_runs()

    # --- order and filter ---

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._order = RUN_ORDERS[(RUN_ORDERS.index(self._order) + 1) % len(RUN_ORDERS)]
        self._reverse = False
        self.show_runs()

    def action_reverse(self) -> None:
        """Reverse the sort order."""
        self._reverse = not self._reverse
        self.show_runs()

    @on(RunTable.OrderRequested)
    def _sort(self, message: RunTable.OrderRequested) -> None:
        self._reverse = not self._reverse if message.order == self._order else False
        self._order = message.order
        self.show_runs()

    def action_filter(self) -> None:
        """Open the filter field."""
        self.query_one(Field).open()

    def action_archived(self) -> None:
        """List archived runs too, or hide them."""
        self._with_archived = not self._with_archived
        self.show_runs()

    @on(Input.Changed)
    def _match(self) -> None:
        self.show_runs()

    @on(Input.Submitted)
    def _go_to_the_matches(self) -> None:
        self.table.focus()

    def action_back(self) -> None:
        """Clear the filter; without one, go to the launch screen."""
        field = self.query_one(Field)
        if not field.display:
            self.post_message(ShowLaunch())
            return
        field.value = ""
        field.display = False
        self.table.focus()


def _below_home(path: Path) -> str:
    """Return the absolute path, with `~` for the home folder."""
    whole = path.resolve()
    try:
        return str("~" / whole.relative_to(Path.home().resolve()))
    except (ValueError, RuntimeError):  # elsewhere; or no home
        return str(whole)
