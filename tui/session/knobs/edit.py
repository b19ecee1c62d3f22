"""An edit of one knob as it is typed: its validation, and the request to the trainer."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trainer_proc.contract.knob import Knob, RampShape, Value, When, parse_value, ramp_refusal, refusal, value_text
from trainer_proc.contract.messages import Ramp
from trainer_proc.contract.requests import Tune
from tui.session.knob_states import KnobState

_EXPECTED = {"number": "expected a number", "integer": "expected a whole number", "range": "expected two numbers"}


@dataclass(frozen=True)
class EditFields:
    """Texts of the fields. `value` has two for a range; an empty `ramp` means an immediate change."""

    value: tuple[str, ...]
    note: str = ""
    ramp: str = ""
    shape: RampShape = "linear"
    when: When = "on reset"


def value_fields(value: Value) -> tuple[str, ...]:
    """Return the field texts of `value`: two for a range."""
    ends = value if isinstance(value, tuple) else (value,)
    return tuple(value_text(end) for end in ends)


def edit_problem(state: KnobState, edit: EditFields) -> str | None:
    """Return in one line why the edit is invalid; None if it is valid."""
    value = typed_value(state.knob, edit.value)
    if value is None:
        return _EXPECTED.get(state.knob.type, "expected a value")
    start = state.value if state.pending is None else state.pending
    return refusal(state.knob, value) or _ramp_problem(state.knob, start, value, edit)


def line_fields(knob: Knob, text: str) -> EditFields:
    """Return the dialog fields equivalent to `text` on one line, where a range is `LOW:HIGH`."""
    if knob.type != "range":
        return EditFields((text,))
    low, _, high = text.strip().strip("()[]").replace(",", ":").partition(":")
    return EditFields((low, high))


def line_problem(state: KnobState, text: str) -> str | None:
    """Return why `text`, typed beside the knob's name, is invalid; None if it is valid."""
    problem = edit_problem(state, line_fields(state.knob, text))
    if problem == _EXPECTED["range"]:
        return "expected LOW:HIGH"
    return None if problem is None else re.sub(f"^{re.escape(state.knob.name)}:? ", "", problem)


def changes_nothing(state: KnobState, edit: EditFields) -> bool:
    """Return whether a valid edit has no effect, not even a pin or the end of a ramp."""
    is_settled = state.pending is None and state.ramp is None
    is_own = state.knob.pinned or not state.knob.competing_writer
    is_same = edit.value == value_fields(state.value) or typed_value(state.knob, edit.value) == state.value
    return is_same and is_settled and is_own and not edit.ramp.strip() and edit.when == "on reset"


def edit_command(state: KnobState, edit: EditFields, revision: int) -> Tune:
    """Return the request for a valid edit; `revision` is that of the state the user has seen."""
    value = typed_value(state.knob, edit.value)
    assert value is not None
    ramp = Ramp(int(edit.ramp), edit.shape) if edit.ramp.strip() else None
    return Tune({state.knob.name: value}, edit.note.strip(), revision=revision, when=edit.when, ramp=ramp)


def typed_value(knob: Knob, texts: tuple[str, ...]) -> Value | None:
    """Return the value in the fields; None if it does not have the knob's type."""
    if knob.type == "choice":
        return texts[0]  # a choice may be named `off`, which `parse_value` reads as a switch
    values = [parse_value(text) for text in texts]
    if knob.type == "switch":
        return values[0] if isinstance(values[0], bool) else None
    numbers = [value for value in values if isinstance(value, float)]
    if len(numbers) < len(values):
        return None
    return (numbers[0], numbers[1]) if knob.type == "range" else numbers[0]


def _ramp_problem(knob: Knob, old: Value, new: Value, edit: EditFields) -> str | None:
    text = edit.ramp.strip()
    if not text:
        return None
    if not re.fullmatch(r"\d{1,9}", text):
        return f"expected a whole number of iterations for the ramp, got {text}"
    return ramp_refusal(knob, old, new, int(text), edit.shape)
