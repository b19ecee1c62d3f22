"""The editor in a row of the table of knobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from trainer_proc.contract.knob import is_numeric, value_text
from trainer_proc.contract.requests import Tune
from tui.session.knobs.edit import EditFields, changes_nothing, edit_command, edit_problem, line_fields, line_problem
from tui.session.knobs.knob_text import line_hint
from tui.session.state import KnobState
from tui.session.text import plain, shortened
from tui.widgets.field import Field
from tui.widgets.inline_select import OneOf


class KnobLine(Horizontal):
    """Takes a knob's new value in the place of its row, and says as one types what the trainer would say."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", show=False, tooltip="Leave the knob as it is", id="knob-line.leave"),
        Binding("enter", "set", "set", show=False, tooltip="Ask the trainer for this value", id="knob-line.set"),
        Binding(
            "tab,ctrl+e",
            "more",
            "note, ramp, when",
            show=False,
            tooltip="Open the dialog with ramp, note and range",
            id="knob-line.more",
        ),
    ]
    DEFAULT_CSS = """
    KnobLine { height: 1; display: none; background: $boost; }
    KnobLine > #line-name { text-style: bold reverse; }
    KnobLine > Field { width: 14; }
    KnobLine > OneOf { width: auto; }
    KnobLine > #line-verdict { width: 1fr; padding-left: 1; color: $text-muted; }
    KnobLine > #line-verdict.problem { height: 1; color: $text-error; }
    """

    @dataclass
    class Left(Message):
        """The person is done with the row; `tune` is what is asked for, if anything."""

        tune: Tune | None

    @dataclass
    class DialogRequested(Message):
        """The person wants the whole dialog, with what was typed in it."""

        knob: KnobState
        fields: EditFields
        revision: int

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._state: KnobState | None = None
        self._revision = 0
        self._came_from: Widget | None = None

    def compose(self) -> ComposeResult:
        """Lay out name, field or words, and what the trainer would say."""
        yield Static("", id="line-name", markup=False)
        yield Field(id="line-text", compact=True, select_on_focus=True)
        yield OneOf((), "", id="line-word")
        yield Static("", id="line-verdict", markup=False)

    @property
    def knob_name(self) -> str:
        """The name of the knob that is edited; empty if none is."""
        return "" if self._state is None else self._state.knob.name

    def open(self, state: KnobState, revision: int, shown_name: str, width_of_name: int) -> None:
        """Edit a knob as it is at `revision`, and take the keys at once: more may be on their way.

        `shown_name` is what the row says of its name in `width_of_name` cells.
        """
        self._state, self._revision = state, revision
        self._came_from = self.screen.focused
        name = self.query_one("#line-name", Static)
        name.styles.width = width_of_name
        name.update(Content(shortened(plain(shown_name), width_of_name - 1)))
        field, words = self.query_one(Field), self.query_one(OneOf)
        knob = state.knob
        field.display, words.display = is_numeric(knob), not is_numeric(knob)
        if is_numeric(knob):
            field.value = value_text(state.value)
        else:
            words.offer(knob.choices if knob.type == "choice" else ("off", "on"), value_text(state.value))
        self.display = True
        self.screen.set_focus(field if is_numeric(knob) else words)
        self._judge()

    def action_leave(self) -> None:
        """Leave the knob as it is."""
        self._close()
        self.post_message(self.Left(None))

    @on(Input.Submitted)
    def _set_typed(self, event: Input.Submitted) -> None:
        """Ask for what stood in the field at Enter; more letters may have come behind it."""
        event.stop()
        self._set(event.value)

    def action_set(self) -> None:
        """Ask for the chosen word."""
        self._set(self._text())

    def _set(self, text: str) -> None:
        """Ask for the value, unless the trainer would refuse it."""
        if self._state is None:
            return
        state = self._state
        fields = line_fields(state.knob, text)
        if edit_problem(state, fields) is not None:
            return
        self._close()
        tune = None if changes_nothing(state, fields) else edit_command(state, fields, self._revision)
        self.post_message(self.Left(tune))

    def action_more(self) -> None:
        """Ask for the dialog."""
        if self._state is None:
            return
        state, fields = self._state, line_fields(self._state.knob, self._text())
        self._close()
        self.post_message(self.DialogRequested(state, fields, self._revision))

    @on(Input.Changed)
    @on(OneOf.Changed)
    def _judge(self, event: Message | None = None) -> None:
        if event is not None:
            event.stop()
        if self._state is None:
            return
        verdict = self.query_one("#line-verdict", Static)
        problem = line_problem(self._state, self._text())
        verdict.set_class(problem is not None, "problem")
        room = verdict.content_size.width
        verdict.update(
            Content(plain(line_hint(self._state.knob, room) if problem is None else shortened(problem, room)))
        )

    def on_resize(self, event: events.Resize) -> None:
        """Fit what is said."""
        self.call_after_refresh(self._judge)

    def on_descendant_blur(self) -> None:
        """Leave the knob as it is when the focus goes elsewhere, but not when the whole terminal loses it."""
        focused = self.screen.focused
        if self._state is not None and focused is not None and self not in focused.ancestors:
            self._came_from = None
            self.action_leave()

    def _text(self) -> str:
        field = self.query_one(Field)
        return field.value if field.display else self.query_one(OneOf).value

    def _close(self) -> None:
        """Give the keys back before the fields are gone, or they would go wherever Textual finds next."""
        self._state = None
        if self._came_from is not None:
            self.screen.set_focus(self._came_from)
        self.display = False
