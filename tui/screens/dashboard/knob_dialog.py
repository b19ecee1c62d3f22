"""The dialog that turns a knob."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from trainer_proc.contract.knob import RampShape, Value, When, is_numeric
from trainer_proc.contract.requests import Tune
from tui.screens.dashboard.range_bar import RangeBar
from tui.session.knobs.edit import EditFields, edit_command, edit_problem, typed_value, value_fields
from tui.session.knobs.knob_text import knob_facts
from tui.session.knobs.range import ends_of
from tui.session.state import KnobState
from tui.session.text import plain
from tui.widgets.dialogs import Dialog
from tui.widgets.field import Field
from tui.widgets.inline_select import OneOf

_SHAPES: tuple[RampShape, ...] = ("linear", "geometric")
_WHENS: tuple[When, ...] = ("on reset", "now")


class KnobDialog(Dialog[Tune | None]):
    """Asks for a knob's new value and how it is to be reached; gives the request back, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "cancel", tooltip="Leave the knob as it is", id="knob-edit.cancel"),
        Binding("enter", "submit", "set", tooltip="Ask the trainer for this value", id="knob-edit.set"),
        Binding("ctrl+o", "put_usual", "usual value", tooltip="Put the usual value in", id="knob-edit.usual"),
        Binding("ctrl+r", "put_default", "default value", tooltip="Put the default value in", id="knob-edit.default"),
    ]
    DEFAULT_CSS = """
    KnobDialog { align: center middle; }
    KnobDialog > VerticalScroll {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        border: round $border; padding: 0 1; background: $surface;
    }
    KnobDialog #facts { margin-bottom: 1; }
    KnobDialog .line { height: auto; }
    KnobDialog Label { width: 8; color: $text-muted; }
    KnobDialog .line > Input, KnobDialog .line > OneOf { width: 1fr; }
    KnobDialog .line > #ramp { width: 14; }
    KnobDialog RangeBar { margin-bottom: 1; }
    """
    AUTO_FOCUS = "#value"

    def __init__(self, state: KnobState, revision: int, fields: EditFields | None = None, history: str = "") -> None:
        """Edit a knob as it is at `revision`: the trainer refuses if it has changed since.

        `fields` is what was typed of it before, `history` how it went over the run.
        """
        super().__init__()
        self._state = state
        self._revision = revision
        self._begun = fields or EditFields(value_fields(state.value))
        self._history = history

    def compose(self) -> ComposeResult:
        """Lay out what is known of the knob, and the fields."""
        with VerticalScroll(can_focus=False) as box:
            box.border_title = Content(plain(self._state.knob.name))
            box.border_subtitle = self._keys()
            yield Static(Content(plain("\n".join(knob_facts(self._state, self._history)))), id="facts")
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
        texts = self._begun.value
        if knob.type in ("choice", "switch"):
            words = knob.choices if knob.type == "choice" else ("off", "on")
            yield "value", [OneOf(words, texts[0], id="value")]
        else:
            labels = ("low", "high") if knob.type == "range" else ("value",)
            for label, text, field in zip(labels, texts, ("value", "high"), strict=False):
                yield label, [Field(text, id=field, select_on_focus=True, compact=True)]
        yield "note", [Field(placeholder="why (optional)", id="note", compact=True)]
        if is_numeric(knob):
            ramp = Field(placeholder="iterations", id="ramp", compact=True)
            yield "ramp", [ramp, OneOf(_SHAPES, "linear", id="shape")]
        if knob.can_resample_now:
            yield "drawn", [OneOf(_WHENS, "on reset", id="when")]

    @on(Input.Changed)
    @on(OneOf.Changed)
    def _judge(self) -> None:
        """Say as one types what the trainer would say, and put the handles there."""
        self.query_one("#verdict", Static).update(plain(edit_problem(self._state, self._fields()) or ""))
        if bars := self.query(RangeBar):
            ends = self._ends()
            if ends is not None:
                bars.first().put(ends)

    @on(RangeBar.Moved)
    def _take_handles(self, event: RangeBar.Moved) -> None:
        """Write down where the handles are."""
        self._put(event.ends)

    @on(Input.Submitted)
    def action_submit(self) -> None:
        """Give the request back, unless the trainer would refuse it."""
        fields = self._fields()
        if edit_problem(self._state, fields) is None:
            self.dismiss(edit_command(self._state, fields, self._revision))

    def action_put_usual(self) -> None:
        """Take the value that the field usually sets."""
        if self._state.knob.usual is not None:
            self._put(self._state.knob.usual)

    def action_put_default(self) -> None:
        """Take the default."""
        self._put(self._state.knob.default)

    def _put(self, value: Value) -> None:
        for field, text in zip(("value", "high"), value_fields(value), strict=False):
            widget = self.query_one(f"#{field}")
            if isinstance(widget, Input | OneOf):
                widget.value = text

    def _ends(self) -> tuple[float, float] | None:
        """Return the range that is typed, None while it isn't one."""
        texts = tuple(self._text(field) for field in ("value", "high")) if self.query("#value") else self._begun.value
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
        """Return what stands in a field, nothing for one that this knob doesn't need."""
        widgets = self.query(f"#{field}")
        widget = widgets.first() if widgets else None
        return widget.value if isinstance(widget, Input | OneOf) else ""
