"""The metrics of a watched run with their filter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input

from tui.screens.watch.metric_table import MetricTable
from tui.session.text import plain
from tui.session.watch.branches import Branches
from tui.session.watch.metric_rows import matching
from tui.widgets.field import Field
from tui.widgets.key_table import key
from tui.widgets.shown_keys import key_of


class MetricPanel(Vertical):
    """All metrics, or those that match the filter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape", "clear_filter", "clear filter", "Clear the filter and show all", id="filter.clear"),
        key("down", "leave_filter", "to the metrics", "Go to the matches", id="filter.leave"),
    ]
    DEFAULT_CSS = """
    MetricPanel {
        border: round $foreground 30%;
        &:focus-within { border: round $border; }
        & > Field { display: none; }
        &.-filtering > Field { display: block; }
        & > MetricTable { height: 1fr; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._names: Sequence[str] = ()
        self._metrics: Mapping[str, Branches] = {}
        self._run = ""
        self._pattern = ""

    def compose(self) -> ComposeResult:
        yield Field(placeholder="filter by name; Escape clears", compact=True)
        yield MetricTable()

    def show(self, run: str, names: Sequence[str], metrics: Mapping[str, Branches]) -> None:
        """Update the table; `run` is the name of the run with its sign, empty for a single run."""
        self._run, self._names, self._metrics = run, names, metrics
        self._show()

    def open_filter(self) -> None:
        """Open the filter field."""
        self.add_class("-filtering")
        self.screen.set_focus(self.query_one(Field))  # at once: `focus()` would come behind letters on their way

    def action_clear_filter(self) -> None:
        """Clear the filter."""
        self.query_one(Field).value = ""
        self.remove_class("-filtering")
        self.query_one(MetricTable).focus()

    def action_leave_filter(self) -> None:
        """Go from the filter to the matches."""
        self.query_one(MetricTable).focus()

    @on(Input.Changed)
    def _match(self, event: Input.Changed) -> None:
        event.stop()
        self._pattern = event.value
        self._show()
        self.query_one(MetricTable).go_to_first()

    @on(Input.Submitted)
    def _go_to_the_matches(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(MetricTable).focus()

    def _show(self) -> None:
        shown = matching(self._names, self._pattern)
        self.query_one(MetricTable).show(shown, self._metrics)
        next_run, chart = key_of(self.app, "watch.next-table", "t"), key_of(self.app, "metrics.chart", "Enter")
        title = f"{plain(self._run)} ({next_run} next run)" if self._run else f"metrics ({chart} pins)"
        self.border_title = Content(title)
        count = f"{len(shown)} of {len(self._names)} match" if self._pattern.strip() else f"{len(self._names)}"
        self.border_subtitle = Content(count if self._names else "")
