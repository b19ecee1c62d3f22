"""The dialog that changes a knob."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from trainer_proc.contract.knob import RampShape, Value, When, is_numeric
from trainer_proc.contract.requests import Tune
from tui.screens.dashboard.range_bar import RangeBar
from tui.session.knob_states import KnobState
from tui.session.knobs.edit import EditFields, edit_command, edit_problem, typed_value, value_fields
from tui.session.knobs.knob_text import knob_facts
from tui.session.knobs.range import ends_of
from tui.session.text import plain
from tui.widgets.dialogs import FormDialog
from tui.widgets.field import Field
from tui.widgets.inline_select import InlineSelect
from tui.widgets.key_table import key

_SHAPES: tuple[RampShape, ...] = ("linear", "geometric")
_WHENS: tuple[When, ...] = ("on reset", "now")


class KnobDialog(FormDialog[Tune | None]):
    """Edits value, ramp and note of a knob; returns the request, None if cancelled."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape", "dismiss(None)", "cancel", "Keep the current value", id="knob-edit.cancel", footer=True),
        key("enter", "submit", "set", "Send this value to the trainer", id="knob-edit.set", footer=True),
        key("ctrl+o", "put_usual", "usual value", "Insert the usual value", id="knob-edit.usual", footer=True),
        key("ctrl+r", "put_default", "default value", "Insert the default value", id="knob-edit.default", footer=True),
    ]
    DEFAULT_CSS = """
    KnobDialog #facts { margin-bottom: 1; }
    KnobDialog .line > #ramp { width: 14; }
    KnobDialog RangeBar { margin-bottom: 1; }
    """
    AUTO_FOCUS = "#value"

    def __init__(self, state: KnobState, revision: int, fields: EditFields | None = None, history: str = "") -> None:
        """Edit a knob as of `revision`: the trainer refuses if it has changed since.

        `fields` is what was typed so far, `history` the course of its value over the run.
        """
        super().__init__()
        self._state = state
        self._revision = revision
        self._fields_before = fields or EditFields(value_fields(state.value))
        self._is_typed = self._fields_before.value != value_fields(state.value)
        """Whether the user has typed a value before the dialog opened: the next key must not replace it."""
        self._history = history

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False) as box:
            box.border_title = Content(plain(self._state.knob.name))
            box.border_subtitle = self._keys()
            yield Static(Content("\n".join(map(plain, knob_facts(self._state, self._history)))), id="facts")
            if self._state.knob.type == "range":
                yield RangeBar(self._state.knob, self._ends() or ends_of(self._state.value) or (0.0, 0.0), id="bar")
            for label, widgets in self._lines():
                with Horizontal(classes="line"):
                    yield Label(label)
                    yield from widgets
            yield Static("", id="verdict", classes="problem", markup=False)

    def _keys(self) -> str:
        usual = "" if self._state.knob.usual is None else "  ^o usual"
        return f"Enter sets{usual}  ^r default  Esc cancels"

    def _lines(self) -> Iterator[tuple[str, list[Widget]]]:
        knob = self._state.knob
        texts = self._fields_before.value
        if knob.type in ("choice", "switch"):
            words = knob.choices if knob.type == "choice" else ("off", "on")
            yield "value", [InlineSelect(words, texts[0], id="value")]
        else:
            labels = ("low", "high") if knob.type == "range" else ("value",)
            for label, text, field in zip(labels, texts, ("value", "high"), strict=False):
                yield label, [Field(text, id=field, select_on_focus=not self._is_typed, compact=True)]
        yield "note", [Field(placeholder="reason (optional)", id="note", compact=True)]
        if is_numeric(knob):
            ramp = Field(placeholder="iterations", id="ramp", compact=True)
            yield "ramp", [ramp, InlineSelect(_SHAPES, "linear", id="shape")]
        if knob.can_resample_now:
            yield "resample", [InlineSelect(_WHENS, "on reset", id="when")]

    @on(Input.Changed)
    @on(InlineSelect.Changed)
    def _validate(self) -> None:
        """Validate while the user types, and move the handles."""
        self.query_one("#verdict", Static).update(plain(edit_problem(self._state, self._fields()) or ""))
        if bars := self.query(RangeBar):
            ends = self._ends()
            if ends is not None:
                bars.first().put(ends)

    @on(RangeBar.Moved)
    def _take_handles(self, event: RangeBar.Moved) -> None:
        """Write the position of the handles into the fields."""
        self._put(event.ends)

    @on(Input.Submitted)
    def action_submit(self) -> None:
        """Return the request, unless it is invalid."""
        fields = self._fields()
        if edit_problem(self._state, fields) is None:
            self.dismiss(edit_command(self._state, fields, self._revision))

    def action_put_usual(self) -> None:
        """Insert the usual value."""
        if self._state.knob.usual is not None:
            self._put(self._state.knob.usual)

    def action_put_default(self) -> None:
        """Insert the default."""
        self._put(self._state.knob.default)

    def _put(self, value: Value) -> None:
        for field, text in zip(("value", "high"), value_fields(value), strict=False):
            widget = self.query_one(f"#{field}")
            if isinstance(widget, Input | InlineSelect):
                widget.value = text

    def _ends(self) -> tuple[float, float] | None:
        """Return the typed range, None while it is not valid."""
        texts = (
            tuple(self._text(field) for field in ("value", "high"))
            if self.query("#value")
            else self._fields_before.value
        )
        value = typed_value(self._state.knob, texts)
        return None if value is None else ends_of(value)

    def _fields(self) -> EditFields:
        values = [self._text(field) for field in ("value", "high") if self.query(f"#{field}")]
        return EditFields(
            value=tuple(values),
            note=self._text("note"),
            ramp=self._text("ramp"),
            shape=cast(RampShape, self._text("shape") or "linear"),
            when=cast(When, self._text("when") or "on reset"),
        )

    def _text(self, field: str) -> str:
        """Return the text of a field, empty for one that this knob does not need."""
        widgets = self.query(f"#{field}")
        widget = widgets.first() if widgets else None
        return widget.value if isinstance(widget, Input | InlineSelect) else ""
