"""An edit of one knob as it is typed: is it possible, and what is asked of the trainer."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trainer_proc.contract.knob import Knob, RampShape, Value, When, parse_value, ramp_refusal, refusal, value_text
from trainer_proc.contract.messages import Ramp
from trainer_proc.contract.requests import Tune
from tui.session.state import KnobState

_WANTED = {"number": "a number, please", "integer": "a whole number, please", "range": "two numbers, please"}


@dataclass(frozen=True)
class EditFields:
    """What stands in the fields. `value` has two texts for a range; no text for `ramp` means at once."""

    value: tuple[str, ...]
    note: str = ""
    ramp: str = ""
    shape: RampShape = "linear"
    when: When = "on reset"


def value_fields(value: Value) -> tuple[str, ...]:
    """Return the texts that stand for `value` in the fields: two for a range."""
    ends = value if isinstance(value, tuple) else (value,)
    return tuple(value_text(end) for end in ends)


def edit_problem(state: KnobState, edit: EditFields) -> str | None:
    """Return why the trainer would refuse, as one line, or None if it would not."""
    value = typed_value(state.knob, edit.value)
    if value is None:
        return _WANTED.get(state.knob.type, "a value, please")
    start = state.value if state.pending is None else state.pending
    return refusal(state.knob, value) or _ramp_problem(state.knob, start, value, edit)


def line_fields(knob: Knob, text: str) -> EditFields:
    """Return the fields of the dialog that mean the same as `text` on one line: a range is `LOW:HIGH` there."""
    if knob.type != "range":
        return EditFields((text,))
    low, _, high = text.strip().strip("()[]").replace(",", ":").partition(":")
    return EditFields((low, high))


def line_problem(state: KnobState, text: str) -> str | None:
    """Return why the trainer would refuse what is typed on one line beside the knob's name, None if it would not."""
    problem = edit_problem(state, line_fields(state.knob, text))
    if problem == _WANTED["range"]:
        return "LOW:HIGH, please"
    return None if problem is None else re.sub(f"^{re.escape(state.knob.name)}:? ", "", problem)


def changes_nothing(state: KnobState, edit: EditFields) -> bool:
    """Tell whether the trainer has nothing to do for an edit without a problem, not even a pin or the end of a ramp."""
    is_settled = state.pending is None and state.ramp is None
    is_own = state.knob.pinned or not state.knob.competing_writer
    is_same = edit.value == value_fields(state.value) or typed_value(state.knob, edit.value) == state.value
    return is_same and is_settled and is_own and not edit.ramp.strip() and edit.when == "on reset"


def edit_command(state: KnobState, edit: EditFields, revision: int) -> Tune:
    """Return the request for an edit without a problem; `revision` is that of the state that the person has seen."""
    value = typed_value(state.knob, edit.value)
    assert value is not None
    ramp = Ramp(int(edit.ramp), edit.shape) if edit.ramp.strip() else None
    return Tune({state.knob.name: value}, edit.note.strip(), revision=revision, when=edit.when, ramp=ramp)


def typed_value(knob: Knob, texts: tuple[str, ...]) -> Value | None:
    """Return the value that the fields hold, None if they don't hold one of the knob's type."""
    if knob.type == "choice":
        return texts[0]  # a choice may be called `off`, which `parse_value` takes for a switch's
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
