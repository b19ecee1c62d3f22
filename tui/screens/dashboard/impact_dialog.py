"""Metrics before and after a change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.session.impact.impact import ImpactError, impact_of, measurable
from tui.session.impact.impact_text import impact_lines, impact_notes, impact_subject, impact_title, impact_windows
from tui.session.impact.windows import DEFAULT_ITERATIONS
from tui.session.metrics.history import MetricHistory
from tui.session.state import RunState
from tui.session.text import plain
from tui.widgets.dialogs import Dialog
from tui.widgets.key_table import key

_COUNTS = (10, 20, DEFAULT_ITERATIONS, 100, 200, 500, 1000)
_LOOK_AGAIN_SECONDS = 1.0


class ImpactDialog(Dialog[None]):
    """Compares success, reward, KL and changed terms before and after a change, also while the run continues."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape,b,q", "dismiss(None)", "back", "Close this dialog", id="impact.back", footer=True),
        key("left,up", "step(-1)", "previous change", "Show the previous change", id="impact.older"),
        key("right,down", "step(1)", "next change", "Show the next change", id="impact.newer"),
        key("plus", "more(1)", "more iterations", "Compare over more iterations", id="impact.more", display="+"),
        key("minus", "more(-1)", "fewer iterations", "Compare over fewer iterations", id="impact.fewer", display="-"),
    ]
    DEFAULT_CSS = """
    ImpactDialog { align: center middle; }
    ImpactDialog > Vertical {
        width: 95%; max-width: 120; height: auto; max-height: 95%;
        border: round $border; padding: 0 1; background: $surface;
    }
    ImpactDialog #subject { max-height: 3; }
    ImpactDialog #windows { color: $text-muted; margin-bottom: 1; }
    ImpactDialog VerticalScroll { height: auto; max-height: 100%; scrollbar-size: 0 1; }
    ImpactDialog #notes { color: $text-muted; }
    """

    def __init__(self, state: RunState, history: MetricHistory, number: int | None = None) -> None:
        """Show change `number`, the latest if None. `state` and `history` may still grow."""
        super().__init__()
        self._state = state
        self._history = history
        self._number = number
        self._count = DEFAULT_ITERATIONS

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static("", id="subject", markup=False)
            yield Static("", id="windows", markup=False)
            with VerticalScroll(can_focus=False):
                yield Static("", id="table", markup=False)
                yield Static("", id="notes", markup=False)

    def on_mount(self) -> None:
        """Update every second."""
        self.set_interval(_LOOK_AGAIN_SECONDS, self._show)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def action_step(self, by: int) -> None:
        """Show the previous or the next change."""
        known = measurable(self._state)
        if known:
            place = known.index(self._number) if self._number in known else len(known) - 1
            self._number = known[min(max(place + by, 0), len(known) - 1)]
        self._show()

    def action_more(self, by: int) -> None:
        """Compare more or fewer iterations."""
        place = min(max(_COUNTS.index(self._count) + by, 0), len(_COUNTS) - 1)
        self._count = _COUNTS[place]
        self._show()

    def _show(self) -> None:
        box = self.query_one(Vertical)
        known = measurable(self._state)
        if self._number is None and known:
            self._number = known[-1]  # stays selected when newer changes arrive
        try:
            impact = impact_of(self._number, self._state, self._history, self._count)
        except ImpactError as problem:
            box.border_title, box.border_subtitle = "impact", "Esc closes"
            self._show_part("subject", [str(problem)])
            return
        of = f"{known.index(impact.number) + 1} of {len(known)}"
        box.border_title = Content(f"impact of {impact_title(impact)}")
        box.border_subtitle = f"← → {of}, + - {self._count} iterations, Esc closes"
        self._show_part("subject", [impact_subject(impact)])
        self._show_part("windows", impact_windows(impact))
        width = max(self.query_one("#table").content_region.width, 60)
        self._show_part("table", impact_lines(impact, width))
        self._show_part("notes", impact_notes(impact))

    def _show_part(self, part: str, lines: Sequence[str]) -> None:
        text = "\n".join(map(plain, lines))
        widget = self.query_one(f"#{part}", Static)
        widget.display = bool(text)
        if str(widget.content) != text:
            widget.update(Content(text))
