"""Keys of the list of runs that choose runs and compare them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from textual import on, work
from textual.message import Message

from trainer_proc.contract.run_folder import RunFolder
from tui.navigation import ShowCompare
from tui.screens.runs.run_list_screen import RunListScreen
from tui.session.hosts.watch import HostWatches
from tui.session.runs.chosen_runs import ChoiceError, read_choice, write_choice
from tui.session.text import plain

_FEWEST_COMPARED = 2


class ChoiceActions(RunListScreen):
    """Chooses runs for a comparison; the choice is stored for each log folder."""

    @dataclass
    class ChoiceRead(Message):
        """The stored choice was read: chosen runs, and those hidden in the comparison."""

        chosen: list[RunFolder]
        hidden: set[Path]

    def __init__(self, log_root: Path, hosts: HostWatches | None = None) -> None:
        super().__init__(log_root, hosts)
        self._hidden: set[Path] = set()

    def on_mount(self) -> None:
        self._read_choice()

    @work(thread=True)
    def _read_choice(self) -> None:
        try:
            self.post_message(self.ChoiceRead(*read_choice(self.log_root)))
        except ChoiceError as problem:
            self.app.call_from_thread(self.notify, plain(str(problem)), severity="warning", markup=False)

    @work(thread=True, exclusive=True, group="keep choice")
    def _store_choice(self, chosen: list[RunFolder]) -> None:
        try:
            write_choice(self.log_root, chosen, self._hidden & {folder.path for folder in chosen})
        except ChoiceError as problem:
            self.app.call_from_thread(self.notify, plain(str(problem)), severity="warning", markup=False)

    @on(ChoiceRead)
    def _restore_choice(self, message: ChoiceRead) -> None:
        self.chosen = {folder.path: folder for folder in message.chosen} | self.chosen
        self._hidden = message.hidden
        self.show_runs()

    def action_choose(self) -> None:
        """Add the selected run to the comparison, or remove it; go to the next. Of a group, all its runs."""
        if (group := self.table.group) is not None:
            self._choose_all({run.folder.path: run.folder for run in group.runs if run.spec is not None})
            return
        summary = self.own()
        if summary is None:
            return
        path = summary.folder.path
        if path in self.chosen:
            del self.chosen[path]
        else:
            self.chosen[path] = summary.folder
        self._store_choice(list(self.chosen.values()))
        self.show_runs()
        self.table.action_cursor_down()

    def _choose_all(self, folders: dict[Path, RunFolder]) -> None:
        """Add runs to the comparison, or remove them if all are chosen."""
        if folders.keys() <= self.chosen.keys():
            self.chosen = {path: folder for path, folder in self.chosen.items() if path not in folders}
        else:
            self.chosen |= folders
        self._store_choice(list(self.chosen.values()))
        self.show_runs()
        self.table.action_cursor_down()

    def action_choose_none(self) -> None:
        """Remove all runs from the comparison."""
        self.chosen = {}
        self._store_choice([])
        self.show_runs()

    def action_compare(self) -> None:
        """Show the chosen runs on shared charts."""
        if len(self.chosen) < _FEWEST_COMPARED:
            self.notify("expected at least 2 chosen runs: choose them with space", markup=False)
            return
        self.post_message(ShowCompare(list(self.chosen.values())))
