"""Small questions over a screen."""

from __future__ import annotations

import math
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from trainer_proc.wire.desk import refusal
from tui.session.state import KnobState
from tui.widgets.field import Field


class KnobEdit(ModalScreen[tuple[float, str] | None]):
    """Asks for a knob's new value and a note; gives both back, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "cancel")]
    DEFAULT_CSS = """
    KnobEdit { align: center middle; }
    KnobEdit > Vertical {
        width: 64; max-width: 95%; height: auto; border: round $border; padding: 0 1; background: $surface;
    }
    KnobEdit Input { margin: 1 0 0 0; }
    """

    def __init__(self, knob: KnobState) -> None:
        super().__init__()
        self._knob = knob

    def compose(self) -> ComposeResult:
        """Lay out the fields."""
        knob = self._knob.knob
        with Vertical() as box:
            box.border_title = Content(knob.name)
            box.border_subtitle = "Enter sets, Escape cancels"
            yield Static(f"now {self._knob.value:g}, default {knob.default:g}; takes effect: {knob.takes_effect}")
            yield Field(f"{self._knob.value:g}", id="value", select_on_focus=True, compact=True)
            yield Field(placeholder="note: why (optional)", id="note", compact=True)
            yield Static("", id="verdict", classes="problem", markup=False)

    @on(Input.Changed, "#value")
    def _judge(self, event: Input.Changed) -> None:
        """Say as one types what the trainer would say."""
        self.query_one("#verdict", Static).update(self._problem(event.value) or "")

    @on(Input.Submitted)
    def _submit(self) -> None:
        text = self.query_one("#value", Input).value
        if self._problem(text) is None:
            self.dismiss((float(text), self.query_one("#note", Input).value.strip()))

    def _problem(self, text: str) -> str | None:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if math.isnan(value):
            return "a number, please"
        return refusal(self._knob.knob, value)


class Confirm(ModalScreen[bool]):
    """Asks a yes-or-no question."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "dismiss(True)", "yes"),
        Binding("n,escape", "dismiss(False)", "no"),
    ]
    DEFAULT_CSS = """
    Confirm { align: center middle; }
    Confirm > Static { width: auto; max-width: 90%; border: round $border; padding: 1 2; background: $surface; }
    """

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """Show the question with its keys."""
        yield Static(f"{self._question}\n\ny yes    n no", markup=False)
