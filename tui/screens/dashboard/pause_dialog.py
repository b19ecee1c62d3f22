"""The ways to go on after a guard has paused the training."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from trainer_proc.contract.messages import PhaseChanged
from trainer_proc.contract.requests import Reload, Resume, Stop
from tui.session.guards import ways_on
from tui.session.text import plain
from tui.widgets.dialogs import TextDialog
from tui.widgets.key_table import key
from tui.widgets.shown_keys import shown_keys


class PauseDialog(TextDialog[Resume | Reload | Stop | None]):
    """Asks how to go on; returns the request, or None to stay paused."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("r", "choose('reload')", "reload", "Load the newest good checkpoint and continue", id="pause.reload"),
        key("c", "choose('continue')", "continue", "Continue as it is", id="pause.continue"),
        key("x", "choose('stop')", "stop", "Stop the training", id="pause.stop"),
        key("escape,n", "dismiss(None)", "stay paused", "Stay paused", id="pause.stay"),
    ]

    def __init__(self, phase: PhaseChanged) -> None:
        """Ask about the pause of `phase`."""
        super().__init__()
        self._reason = phase.detail
        self._ways = ways_on(phase)

    def compose(self) -> ComposeResult:
        keys = {shown.id: shown.keys[0] for shown in shown_keys(self)}
        rows = [f"{keys[f'pause.{way}']:<6} {text}" for way, (text, _) in self._ways.items()]
        rows.append(f"{keys['pause.stay']:<6} stay paused")
        yield Static(plain(f"Paused by {self._reason}") + "\n\n" + "\n".join(map(plain, rows)), markup=False)

    def action_choose(self, way: str) -> None:
        """Return the request of a way that is offered."""
        if way in self._ways:
            self.dismiss(self._ways[way][1])
