"""Small questions over a screen."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.widgets.shown_keys import shown_keys

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """Asks or tells something over a screen. Its keys are explained as those of a screen are.

    The program's own keys end at a modal screen, and this one had better not. A text field takes a `?`, F1 it doesn't.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "question_mark,f1",
            "app.help",
            "help",
            show=False,
            tooltip="Explain this screen's keys and signs",
            id="app.help",
        ),
    ]


class Confirm(Dialog[bool]):
    """Asks a yes-or-no question."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "dismiss(True)", "yes", tooltip="Do it", id="question.yes"),
        Binding("n,escape", "dismiss(False)", "no", tooltip="Leave it", id="question.no"),
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
        yield Static(self.text_of(self._question), markup=False)

    def text_of(self, question: str) -> str:
        """Return a question with the keys that answer it."""
        keys = {shown.id: shown.keys[0] for shown in shown_keys(self)}
        yes, no = (next(key for id, key in keys.items() if id.endswith(end)) for end in (".yes", ".no"))
        return f"{question}\n\n{yes} yes    {no} no"
