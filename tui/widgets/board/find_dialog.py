"""The dialog that finds a metric and pins it, adds it to a chart, or lists all matches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tui.charts.axes import LABEL_WIDTH, format_value
from tui.session.board.chart_source import ChartSource
from tui.session.board.layout import BoardLayout
from tui.session.board.lines import shortened_path
from tui.session.board.metric_find import FoundMetric, find_metrics
from tui.session.board.plans import ChartPlan
from tui.session.text import plain
from tui.widgets.chart import Chart
from tui.widgets.dialogs import Dialog
from tui.widgets.field import Field
from tui.widgets.key_table import key

_MARKED, _NOT_MARKED = "✓", "\u00a0"  # a plain space at the start of a line would be stripped
_WHERE_WIDTH, _WIDTH_FOR_WHERE, _LEAST_NAME = 19, 60, 8


@dataclass(frozen=True)
class FindResult:
    """The chosen action: pin `metrics` on one chart, add them to the chosen chart, or show all matches of `pattern`.

    Pinning a pinned chart unpins it, and adding metrics that are on the chart removes them.
    """

    action: Literal["pin", "add", "show"]
    metrics: tuple[str, ...]
    pattern: str


class FindDialog(Dialog[FindResult | None]):
    """Lists matching metrics with their newest values and previews the one under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape", "dismiss(None)", "back", "Close and change nothing", id="find.back", footer=True),
        key("up", "move(-1)", "up", "Previous match", id="find.up"),
        key("down", "move(1)", "down", "Next match", id="find.down"),
        key("pageup", "move(-8)", "page up", "Eight matches up", id="find.page-up"),
        key("pagedown", "move(8)", "page down", "Eight matches down", id="find.page-down"),
        key("tab", "mark", "mark", "Mark several metrics for one chart", id="find.mark", footer=True, priority=True),
        key("ctrl+t", "add", "add to chart",
            "Add it to the chosen chart, or remove it", id="find.add", footer=True, priority=True),
        key("ctrl+o", "show", "all matches", "Show all matches on a page", id="find.show", footer=True, priority=True),
    ]  # fmt: skip
    DEFAULT_CSS = """
    FindDialog { align: center middle; }
    FindDialog > Vertical {
        width: 95%; max-width: 110; height: 90%; max-height: 40;
        border: round $border; padding: 0 1; background: $surface;
    }
    FindDialog OptionList { height: 1fr; border: none; padding: 0; background: $surface; scrollbar-size: 0 1; }
    FindDialog Chart { height: 40%; min-height: 7; }
    """

    def __init__(
        self, sources: Sequence[ChartSource], names: Sequence[str], layout: BoardLayout, chosen: ChartPlan | None
    ) -> None:
        """Search `names`; `chosen` is the chart that a metric can be added to."""
        super().__init__()
        self._sources, self._names, self._layout, self._chosen = sources, names, layout, chosen
        self._found: list[FoundMetric] = []
        self._marked: list[str] = []
        self._early = ""

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Find metric"
            on_chart = f"^t adds to {self._chosen.title}, " if self._chosen is not None else ""
            box.border_subtitle = Content(f"Enter pins, Tab marks, {on_chart}^o shows all, Esc")
            yield Field(self._early, placeholder="letters of a metric name", compact=True, select_on_focus=False)
            matches = OptionList(markup=False)
            matches.can_focus = False
            yield matches
            yield Chart()

    def on_resize(self) -> None:
        """List the metrics once the width is known."""
        self.call_after_refresh(self._match)

    def on_key(self, event: events.Key) -> None:
        """Take letters typed before the field is mounted or focused."""
        if not event.is_printable or event.character is None:
            return
        if self.query(Field):
            self.query_one(Field).insert_text_at_cursor(event.character)
        else:
            self._early += event.character

    @property
    def pattern(self) -> str:
        """What has been typed."""
        return self.query_one(Field).value

    def action_move(self, by: int) -> None:
        matches = self.query_one(OptionList)
        if self._found:
            matches.highlighted = min(max((matches.highlighted or 0) + by, 0), len(self._found) - 1)

    def action_mark(self) -> None:
        """Toggle the mark of the match under the cursor and go to the next one."""
        found = self._under_the_cursor
        if found is None:
            return
        if found.name in self._marked:
            self._marked.remove(found.name)
        else:
            self._marked.append(found.name)
        matches = self.query_one(OptionList)
        matches.replace_option_prompt_at_index(matches.highlighted or 0, self._line(found))
        self.action_move(1)
        self._preview()

    def action_add(self) -> None:
        """Add the marked metrics, or the one under the cursor, to the chosen chart."""
        if self._chosen is not None:
            self._finish("add")

    def action_show(self) -> None:
        """Show all matches on a page."""
        if self.pattern.strip():
            self.dismiss(FindResult("show", (), self.pattern))

    @on(Input.Changed)
    def _take_letters(self) -> None:
        self.query_one(OptionList).highlighted = None
        self._match()

    @on(Input.Submitted)
    def _pin(self) -> None:
        self._finish("pin")

    @on(OptionList.OptionSelected)
    def _pin_clicked(self) -> None:
        self._finish("pin")

    @on(OptionList.OptionHighlighted)
    def _preview(self) -> None:
        metrics = self._selected
        chart = self.query_one(Chart)
        chart.set_title(" + ".join(plain(metric) for metric in metrics))
        chart.set_curves([source.curve(metric, metric) for metric in metrics for source in self._sources])

    def _finish(self, action: Literal["pin", "add"]) -> None:
        if self._selected:
            self.dismiss(FindResult(action, self._selected, self.pattern))

    def _match(self) -> None:
        self._found = find_metrics(self.pattern, self._names, self._sources, layout=self._layout, chosen=self._chosen)
        matches = self.query_one(OptionList)
        highlighted = matches.highlighted
        matches.clear_options()
        matches.add_options(Option(self._line(found)) for found in self._found)
        if self._found:
            matches.highlighted = 0 if highlighted is None else min(highlighted, len(self._found) - 1)
        self._preview()

    def _line(self, found: FoundMetric) -> Content:
        width = self.query_one(OptionList).scrollable_content_region.width
        mark = _MARKED if found.name in self._marked else _NOT_MARKED
        value = "–" if found.value is None else format_value(found.value)
        end = f" {value:>{LABEL_WIDTH}}" + f"  {found.where:<{_WHERE_WIDTH}}" * (width >= _WIDTH_FOR_WHERE)
        room = max(width - len(end) - 2, _LEAST_NAME)
        return Content(f"{mark} {shortened_path(plain(found.name), room):<{room}}{end}")

    @property
    def _under_the_cursor(self) -> FoundMetric | None:
        place = self.query_one(OptionList).highlighted
        return self._found[place] if place is not None and place < len(self._found) else None

    @property
    def _selected(self) -> tuple[str, ...]:
        """The marked metrics in the order of marking, or else the one under the cursor."""
        under = self._under_the_cursor
        return tuple(self._marked) or (() if under is None else (under.name,))
