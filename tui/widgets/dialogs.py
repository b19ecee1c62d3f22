"""Dialogs over a screen."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.widgets.key_table import key
from tui.widgets.shown_keys import shown_keys

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """Base of all dialogs. Has the help key, which a modal screen would hide; F1 works in text fields too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("question_mark,f1", "app.help", "help", "List this screen's keys and symbols", id="app.help"),
    ]


class FormDialog(Dialog[Answer]):
    """Base of dialogs with labelled lines in a frame that scrolls where the screen is small."""

    DEFAULT_CSS = """
    FormDialog { align: center middle; }
    FormDialog > VerticalScroll {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        border: round $border; padding: 0 1; background: $surface;
    }
    FormDialog .line { height: auto; }
    FormDialog Label { width: 9; color: $text-muted; }
    FormDialog .line > Input, FormDialog .line > InlineSelect { width: 1fr; }
    """


class TextDialog(Dialog[Answer]):
    """Base of dialogs that ask with one text in a frame."""

    DEFAULT_CSS = """
    TextDialog { align: center middle; }
    TextDialog > Static { width: auto; max-width: 90%; border: round $border; padding: 1 2; background: $surface; }
    """


class Confirm(TextDialog[bool]):
    """Asks a yes-or-no question."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("y,enter", "dismiss(True)", "confirm", "Confirm", id="question.yes", footer=True),
        key("n,escape", "dismiss(False)", "cancel", "Cancel", id="question.no", footer=True),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        yield Static(self.text_of(self._question), markup=False)

    def text_of(self, question: str) -> str:
        """Return a question with the keys that answer it."""
        keys = {shown.id: shown.keys[0] for shown in shown_keys(self)}
        yes, no = (next(key for id, key in keys.items() if id.endswith(end)) for end in (".yes", ".no"))
        return f"{question}\n\n{yes} confirm    {no} cancel"
