"""The editor in a row of the table of knobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from trainer_proc.contract.knob import is_numeric, value_text
from trainer_proc.contract.requests import Tune
from tui.session.knob_states import KnobState
from tui.session.knobs.edit import EditFields, changes_nothing, edit_command, edit_problem, line_fields, line_problem
from tui.session.knobs.knob_text import line_hint
from tui.session.text import plain, shortened
from tui.widgets.field import Field
from tui.widgets.inline_select import InlineSelect
from tui.widgets.key_table import key


class KnobLine(Horizontal):
    """Edits a knob in place of its row, and validates the value while the user types."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape", "cancel", "cancel", "Keep the current value", id="knob-line.leave"),
        key("enter", "set", "set", "Send this value to the trainer", id="knob-line.set"),
        key("tab,ctrl+e", "more", "add note or ramp", "Open the dialog with ramp, note and range", id="knob-line.more"),
    ]
    DEFAULT_CSS = """
    KnobLine { height: 1; display: none; background: $boost; }
    KnobLine > #line-name { text-style: bold reverse; }
    KnobLine > Field { width: 14; }
    KnobLine > InlineSelect { width: auto; }
    KnobLine > #line-verdict { width: 1fr; padding-left: 1; color: $text-muted; }
    KnobLine > #line-verdict.problem { height: 1; color: $text-error; }
    """

    @dataclass
    class Closed(Message):
        """The editor was closed; `tune` is the request, None if nothing changes."""

        tune: Tune | None

    @dataclass
    class DialogRequested(Message):
        """The user opens the dialog; `fields` holds what was typed."""

        knob: KnobState
        fields: EditFields
        revision: int

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._state: KnobState | None = None
        self._revision = 0
        self._focused_before: Widget | None = None

    def compose(self) -> ComposeResult:
        yield Static("", id="line-name", markup=False)
        yield Field(id="line-text", compact=True, select_on_focus=True)
        yield InlineSelect((), "", id="line-word")
        yield Static("", id="line-verdict", markup=False)

    @property
    def knob_name(self) -> str:
        """The name of the knob that is edited; empty if none is."""
        return "" if self._state is None else self._state.knob.name

    def open(self, state: KnobState, revision: int, shown_name: str, width_of_name: int, *, word: str = "") -> None:
        """Edit a knob as of `revision`, and take the focus at once: more keys may be on their way.

        `shown_name` is its name as the row shows it in `width_of_name` cells. `word` is selected instead of the knob's
        own.
        """
        self._state, self._revision = state, revision
        self._focused_before = self.screen.focused
        name = self.query_one("#line-name", Static)
        name.styles.width = width_of_name
        name.update(Content(shortened(plain(shown_name), width_of_name - 1)))
        field, words = self.query_one(Field), self.query_one(InlineSelect)
        knob = state.knob
        field.display, words.display = is_numeric(knob), not is_numeric(knob)
        if is_numeric(knob):
            field.value = value_text(state.value)
        else:
            words.offer(knob.choices if knob.type == "choice" else ("off", "on"), word or value_text(state.value))
        self.display = True
        self.screen.set_focus(field if is_numeric(knob) else words)
        self._validate()

    def action_cancel(self) -> None:
        """Keep the current value."""
        self._close()
        self.post_message(self.Closed(None))

    @on(Input.Submitted)
    def _set_typed(self, event: Input.Submitted) -> None:
        """Set the value of the field at Enter; more letters may have come after it."""
        event.stop()
        self._set(event.value)

    def action_set(self) -> None:
        """Set the chosen word."""
        self._set(self._text())

    def _set(self, text: str) -> None:
        """Request the value, unless it is invalid."""
        if self._state is None:
            return
        state = self._state
        fields = line_fields(state.knob, text)
        if edit_problem(state, fields) is not None:
            return
        self._close()
        tune = None if changes_nothing(state, fields) else edit_command(state, fields, self._revision)
        self.post_message(self.Closed(tune))

    def action_more(self) -> None:
        """Open the dialog."""
        if self._state is None:
            return
        state, fields = self._state, line_fields(self._state.knob, self._text())
        self._close()
        self.post_message(self.DialogRequested(state, fields, self._revision))

    @on(Input.Changed)
    @on(InlineSelect.Changed)
    def _validate(self, event: Message | None = None) -> None:
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
        self.call_after_refresh(self._validate)

    def on_descendant_blur(self) -> None:
        """Cancel when another widget gets the focus, but not when the whole terminal loses it."""
        focused = self.screen.focused
        if self._state is not None and focused is not None and self not in focused.ancestors:
            self._focused_before = None
            self.action_cancel()

    def _text(self) -> str:
        field = self.query_one(Field)
        return field.value if field.display else self.query_one(InlineSelect).value

    def _close(self) -> None:
        """Return the focus before the fields are hidden, or Textual would choose the next widget."""
        self._state = None
        if self._focused_before is not None:
            self.screen.set_focus(self._focused_before)
        self.display = False
