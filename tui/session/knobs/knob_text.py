"""Texts about one knob: state for a table cell, hints for an edit line, and all facts."""

from __future__ import annotations

from trainer_proc.contract.knob import Knob, TakesEffect, Value, is_numeric, value_text
from tui.session.interventions.change_text import author_text
from tui.session.knob_states import KnobState
from tui.session.knobs.bounds import bounds_text
from tui.session.text import shortened, shortened_name

_EFFECTS: dict[TakesEffect, str] = {
    "next iteration": "on next iteration",
    "at each environment's reset": "on each environment's reset",
    "at the next command": "on next command resample",
}
"""Texts of values that journals word differently."""


def with_unit(value: Value, knob: Knob) -> str:
    """Return `value` with the unit of `knob`."""
    return f"{value_text(value)} {knob.unit}".rstrip()


def effect_text(knob: Knob) -> str:
    """Return when a change takes effect."""
    return _EFFECTS.get(knob.takes_effect, knob.takes_effect)


def line_hint(knob: Knob, width: int) -> str:
    """Return the hint beside a value being edited, in at most `width` cells: keys, usual and allowed values."""
    keys = "Enter set, Tab more, Esc back" if is_numeric(knob) else "← → select, Enter set, Esc back"
    takes = bounds_text(knob) if is_numeric(knob) else ""
    usual = "" if knob.usual is None else f"usual {value_text(knob.usual)}"
    return _joined(keys, [usual, takes], "; ", width)


def knob_detail(state: KnobState, line: str, width: int) -> str:
    """Return a knob's full name, its history and its facts, in at most `width` cells.

    `line` is the history as a sparkline. The least important facts are dropped first.
    """
    knob = state.knob
    usual = "" if knob.usual is None else f"usual {value_text(knob.usual)}"
    values = ", ".join(text for text in (f"default {value_text(knob.default)}", bounds_text(knob), usual) if text)
    why = f"read-only: {knob.read_only}" if knob.read_only else ""
    return _joined(shortened_name(knob.name, width), [line, why, values, effect_text(knob)], "  ", width)


def _joined(first: str, others: list[str], separator: str, width: int) -> str:
    """Return `first` with as many of `others` as fit, in their order."""
    text = first
    for other in others:
        if other and len(text) + len(separator) + len(other) <= width:
            text += separator + other
    return shortened(text, width)


def knob_state(state: KnobState, width: int = 1000, wanted: Value | None = None, *, has_ended: bool = False) -> str:
    """Return the state of a knob, the next event first, worded to fit in `width` cells where possible.

    `wanted` is a value that the user is stepping to and has not requested yet. What an ended run had still to do never
    happens.
    """
    parts: list[tuple[str, ...]] = []
    if wanted is not None:
        parts.append((f"next → {value_text(wanted)}",))
    if state.pending is not None:
        parts.append((f"{'never applied' if has_ended else 'queued'} → {value_text(state.pending)}",))
    if state.ramp is not None and has_ended:
        parts.append((f"ramp cut off, {state.ramp.iterations_left} left", "ramp cut off"))
    elif state.ramp is not None:
        target = f"→ {value_text(state.ramp.target)}"
        rest = f"{target}, {state.ramp.iterations_left} left"
        parts.append((f"ramping {rest}", f"ramp {rest}", rest, target))
    if state.knob.read_only:
        parts.append((state.knob.read_only, "read-only"))
    if state.is_pinned:
        over = f" (over {state.knob.competing_writer})" if state.knob.competing_writer else ""
        parts.append((f"pinned{over}", "pinned"))
    elif state.knob.competing_writer and not state.knob.pinned:
        parts.append((f"written by {state.knob.competing_writer}", "also written"))
    if state.changed_by is not None and state.ramp is None:
        at, by = f"@{state.changed_by.iteration}", f"({author_text(state.changed_by)})"
        parts.append((f"applied {at} {by}", f"{at} {by}", at))
    if replaced := _replaced(state):
        parts.append((replaced,))
    return _fitted(parts, width)


def _fitted(parts: list[tuple[str, ...]], width: int) -> str:
    """Return the parts, each in the longest of its wordings that fits in `width` cells; later ones may be left out."""
    text = ""
    for wordings in parts:
        start = f"{text}; " if text else ""
        fitting = next((word for word in wordings if len(start) + len(word) <= width), "" if text else wordings[-1])
        text = start + fitting if fitting else text
    return text


def knob_facts(state: KnobState, history: str = "") -> list[str]:
    """Return all facts about a knob, one a line, for the edit dialog; `history` is the line of `history_text`."""
    knob = state.knob
    values = [f"now {with_unit(state.value, knob)}", f"default {value_text(knob.default)}"]
    if knob.usual is not None:
        values.append(f"usual {value_text(knob.usual)}")
    lines = [", ".join(values)]
    if bounds := bounds_text(knob):
        lines.append(bounds)
    lines.append(f"takes effect: {effect_text(knob)}")
    if state.changed_by is not None:
        by = state.changed_by
        note = f": {by.note}" if by.note else ""
        lines.append(f"#{by.number} applied @{by.iteration} ({author_text(by)}){note}")
    if history:
        lines.append(history)
    if state.ramp is not None:
        lines.append(f"{knob_ramp(state)}; an edit ends the ramp")
    if replaced := _replaced(state):
        lines.append(replaced)
    elif knob.competing_writer:
        lines.append(
            f"pinned over {knob.competing_writer}"
            if knob.pinned
            else f"also written by {knob.competing_writer}; an edit pins it"
        )
    if knob.cost:
        lines.append(knob.cost)
    return lines


def _replaced(state: KnobState) -> str:
    """Return the competing writer that the knob's own curriculum replaces; empty without one."""
    is_replaced = state.knob.pinned and not state.is_pinned and state.knob.competing_writer
    return f"replaces {state.knob.competing_writer}" if is_replaced else ""


def history_text(drawn_as: str, line: str) -> str:
    """Return the sparkline `line` with its label: value, centre or width; empty without a sparkline."""
    return f"{drawn_as} over the run: {line}" if line else ""


def knob_ramp(state: KnobState) -> str:
    """Return target and rest of a knob's ramp; empty if it is on none."""
    if state.ramp is None:
        return ""
    shape = "" if state.ramp.shape == "linear" else f" ({state.ramp.shape})"
    return f"ramping to {value_text(state.ramp.target)}{shape}, {state.ramp.iterations_left} iterations left"
