"""What an intervention did: metrics before and after it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
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

_COUNTS = (10, 20, DEFAULT_ITERATIONS, 100, 200, 500, 1000)
_LOOK_AGAIN_SECONDS = 1.0


class ImpactDialog(Dialog[None]):
    """Compares success, reward, KL and what was edited before and after one intervention, while the run goes on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,b,q", "dismiss(None)", "back", tooltip="Go back to the screen below", id="impact.back"),
        Binding(
            "left,up",
            "step(-1)",
            "the change before",
            show=False,
            tooltip="Look at the change before",
            id="impact.older",
        ),
        Binding(
            "right,down",
            "step(1)",
            "the next change",
            show=False,
            tooltip="Look at the change after",
            id="impact.newer",
        ),
        Binding(
            "plus",
            "more(1)",
            "more iterations",
            key_display="+",
            show=False,
            tooltip="Compare more iterations",
            id="impact.more",
        ),
        Binding(
            "minus",
            "more(-1)",
            "fewer iterations",
            key_display="-",
            show=False,
            tooltip="Compare fewer iterations",
            id="impact.fewer",
        ),
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
        """Begin with an intervention, the newest if `number` is None; both folds are those of a run that may go on."""
        super().__init__()
        self._state = state
        self._history = history
        self._number = number
        self._count = DEFAULT_ITERATIONS

    def compose(self) -> ComposeResult:
        """Lay out what was changed, which iterations are compared, and the table."""
        with Vertical():
            yield Static("", id="subject", markup=False)
            yield Static("", id="windows", markup=False)
            with VerticalScroll(can_focus=False):
                yield Static("", id="table", markup=False)
                yield Static("", id="notes", markup=False)

    def on_mount(self) -> None:
        """Keep up with the run."""
        self.set_interval(_LOOK_AGAIN_SECONDS, self._show)

    def on_resize(self) -> None:
        """Fit the table, once there is a size."""
        self.call_after_refresh(self._show)

    def action_step(self, by: int) -> None:
        """Go to an older or a newer intervention."""
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
            self._number = known[-1]  # and stay there, whatever comes
        try:
            impact = impact_of(self._number, self._state, self._history, self._count)
        except ImpactError as problem:
            box.border_title, box.border_subtitle = "impact", "Esc goes back"
            self._tell("subject", str(problem))
            return
        of = f"{known.index(impact.number) + 1} of {len(known)}"
        box.border_title = Content(f"impact of {impact_title(impact)}")
        box.border_subtitle = f"← → {of}, + - {self._count} iterations, Esc goes back"
        self._tell("subject", impact_subject(impact))
        self._tell("windows", "\n".join(impact_windows(impact)))
        width = max(self.query_one("#table").content_region.width, 60)
        self._tell("table", "\n".join(impact_lines(impact, width)))
        self._tell("notes", "\n".join(impact_notes(impact)))

    def _tell(self, part: str, text: str) -> None:
        widget = self.query_one(f"#{part}", Static)
        widget.display = bool(text)
        if str(widget.content) != plain(text):
            widget.update(Content(plain(text)))
