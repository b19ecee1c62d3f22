"""The table of a run's evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import BindingType

from trainer_proc.contract.evaluation import SUITES, SuiteName
from tui.session.evaluations.jobs import Job
from tui.session.evaluations.stored import Policy, RunEvaluations
from tui.session.evaluations.table import name_width, table_rows
from tui.widgets.diff_table import Column, DiffTable
from tui.widgets.key_table import key

_LEAST_CELLS = 7
_SHORTEST_NAME = 14
_PADDING = 2


class EvaluationTable(DiffTable):
    """A row a policy, a column a suite; the cursor chooses both."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("home", "scroll_top", "first policy", "Go to the first policy", id="evaluations.first"),
        key("end", "scroll_bottom", "last policy", "Go to the last policy", id="evaluations.last"),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.cursor_type = "cell"
        self._found = RunEvaluations()
        self._jobs: Sequence[Job] = ()
        self._reference = ""

    @property
    def policy(self) -> Policy | None:
        """The policy under the cursor."""
        policies = self._found.policies
        return policies[self.cursor_row] if 0 <= self.cursor_row < len(policies) else None

    @property
    def suite(self) -> SuiteName:
        """The suite under the cursor; the first one if the cursor is on a name."""
        return SUITES[max(self.cursor_column - 1, 0)]

    def show(self, found: RunEvaluations, jobs: Sequence[Job], reference: str) -> None:
        """Show these policies and results."""
        self._found, self._jobs, self._reference = found, jobs, reference
        self._update()

    def go_to(self, policy_key: str, suite: SuiteName) -> None:
        """Move the cursor to a policy, if it is there, and a suite."""
        keys = [policy.key for policy in self._found.policies]
        row = keys.index(policy_key) if policy_key in keys else self.cursor_row
        self.move_cursor(row=row, column=SUITES.index(suite) + 1)

    def on_resize(self, event: events.Resize) -> None:
        """Fit the columns."""
        self._update()

    def _update(self) -> None:
        widths = [max(len(suite), _LEAST_CELLS) for suite in SUITES]
        room = self.scrollable_content_region.width - sum(widths) - _PADDING * (len(SUITES) + 1)
        name = max(min(room, name_width(self._found)), _SHORTEST_NAME)
        columns = [Column("policy", "  policy", name)]
        columns += [Column(suite, suite, width) for suite, width in zip(SUITES, widths, strict=True)]
        rows = table_rows(self._found, self._jobs, reference=self._reference, name_width=name)
        column = self.cursor_column or 1
        self.show_rows(columns, rows)
        self.move_cursor(column=column)
