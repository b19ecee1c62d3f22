"""Asks whether an agent may do what it has asked for."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from tui.session.agents.question_text import question_details
from tui.session.agents.questions import Question
from tui.widgets.dialogs import TextDialog
from tui.widgets.key_table import key
from tui.widgets.shown_keys import shown_keys


class AgentDialog(TextDialog[bool | None]):
    """Shows one request of an agent; returns whether it is accepted, or None to answer later."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("y", "dismiss(True)", "accept", "Accept the request", id="agent.accept", footer=True),
        key("n", "dismiss(False)", "refuse", "Refuse the request", id="agent.refuse", footer=True),
        key("escape", "dismiss(None)", "later", "Answer later", id="agent.later", footer=True),
    ]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self.question = question

    def compose(self) -> ComposeResult:
        keys = {shown.id: shown.keys[0] for shown in shown_keys(self)}
        answers = [f"{keys[f'agent.{way}']} {way}" for way in ("accept", "refuse", "later")]
        yield Static(f"{question_details(self.question)}\n\n{'    '.join(answers)}", markup=False)
