"""The list of runs on disk, with its keys."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.widgets import Input

from tui.navigation import ShowLaunch
from tui.screens.runs.choice_actions import ChoiceActions
from tui.screens.runs.run_actions import RunActions
from tui.widgets.key_table import key

_OF_RUNS = frozenset(
    (
        *("attach", "choose", "choose_none", "compare", "evaluations", "sort", "reverse", "filter", "delete"),
        *("continue_run", "label", "star", "archive", "archived", "code"),
    )
)
"""Actions that an empty list has no use for."""


class RunsScreen(ChoiceActions, RunActions):
    """Lists runs, newest first. Enter opens one; several can be chosen and compared."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("a", "attach", "open", "Open this run's dashboard, like Enter", id="runs.attach", footer=True),
        key("n", "new", "new", "Start a new training", id="runs.new", footer=True),
        key("space", "choose", "choose", "Add this run to the comparison, or remove it", id="runs.choose", footer=True),
        key("c", "compare", "compare", "Show the chosen runs on shared charts", id="runs.compare", footer=True),
        key("E", "evaluations", "evaluations",
            "Show this run's evaluations, and evaluate its checkpoints", id="runs.evaluations", footer=True),
        key("s", "sort", "sort", "Sort by the next column", id="runs.sort", footer=True),
        key("slash", "filter", "filter",
            "Filter runs by name, title, note, preset, task, status, #tag or is:starred",
            id="runs.filter", footer=True, priority=True, display="/"),
        key("S", "reverse", "reverse", "Reverse the sort order", id="runs.reverse"),
        key("u", "choose_none", "choose none", "Remove all runs from the comparison", id="runs.choose-none"),
        key("C", "continue_run", "continue",
            "Continue this run, or fork it: a new run from one of its checkpoints", id="runs.continue"),
        key("g", "code", "code", "Show the code that this run was started with", id="runs.code"),
        key("d,delete", "delete", "delete",
            "Delete this run and all its files, after a question", id="runs.delete", footer=True),
        key("l", "label", "label", "Edit title, tags, note, star and archive", id="runs.label", footer=True),
        key("asterisk", "star", "star", "Star this run, or remove its star", id="runs.star", display="*"),
        key("A", "archive", "archive", "Archive this run, or list it again", id="runs.archive"),
        key("h", "archived", "archived", "List archived runs too, or hide them", id="runs.archived"),
        key("escape", "back", "back", "Clear the filter, or go back", id="runs.back"),
        key("q", "leave", "quit", "Quit the program", id="runs.quit"),
    ]  # fmt: skip

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable `/` while the user types into the filter, and what needs runs if there are none."""
        if self.has_no_runs and action in _OF_RUNS:
            return False
        return action != "filter" or not isinstance(self.focused, Input)

    def action_new(self) -> None:
        self.post_message(ShowLaunch())

    def action_leave(self) -> None:
        self.app.exit()
