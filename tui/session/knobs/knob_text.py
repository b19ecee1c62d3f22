"""What is said of one knob, on a line of a table and in full."""

from __future__ import annotations

from trainer_proc.contract.knob import Knob, Value, is_numeric, number_text, value_text
from tui.session.knobs.bounds import bounds_text
from tui.session.state import KnobState
from tui.session.text import shortened, shortened_name


def with_unit(value: Value, knob: Knob) -> str:
    """Return a value of `knob` with its unit."""
    return f"{value_text(value)} {knob.unit}".rstrip()


def line_hint(knob: Knob, width: int) -> str:
    """Return what is said beside a value that can be set, in at most `width` cells: what the knob takes, and keys."""
    keys = "Enter sets, Tab more, Esc back" if is_numeric(knob) else "← → chooses, Enter sets, Esc back"
    takes = bounds_text(knob) if is_numeric(knob) else ""
    usual = "" if knob.usual is None else f"usual {value_text(knob.usual)}"
    return _joined([keys], [usual, takes], "; ", width)


def knob_detail(state: KnobState, line: str, width: int) -> str:
    """Return a knob's whole name, its history and what is known of it, in at most `width` cells.

    `line` is the history as a sparkline. What matters least is left out first.
    """
    knob = state.knob
    usual = "" if knob.usual is None else f"usual {value_text(knob.usual)}"
    facts = [line, f"default {value_text(knob.default)}", bounds_text(knob), usual, knob.takes_effect]
    return _joined([shortened_name(knob.name, width)], facts, "  ", width)


def _joined(first: list[str], others: list[str], separator: str, width: int) -> str:
    """Return `first` with as many of `others` as fit, in their order."""
    said = first
    for other in others:
        if other and len(separator.join([*said, other])) <= width:
            said = [*said, other]
    return shortened(separator.join(said), width)


def knob_state(state: KnobState, width: int = 1000, wanted: Value | None = None) -> str:
    """Return what happens to a knob, what is about to first; worded so that it fits in `width` cells if it can.

    `wanted` is a value that the person is stepping to and that nobody was asked for yet.
    """
    parts = []
    if wanted is not None:
        parts.append(f"wanted → {value_text(wanted)}")
    if state.pending is not None:
        parts.append(f"pending → {value_text(state.pending)}")
    if state.ramp is not None:
        parts.append(f"ramp → {value_text(state.ramp.target)}, {state.ramp.iterations_left} left")
    if state.knob.read_only:
        parts.append(state.knob.read_only)
    if state.knob.pinned:
        over = f" (over {state.knob.competing_writer})" if state.knob.competing_writer else ""
        room = width - sum(len(part) + 2 for part in parts)
        parts.append(f"pinned{over}" if len(over) + len("pinned") <= room else "pinned")
    elif state.knob.competing_writer:
        parts.append(f"{state.knob.competing_writer} writes it")
    if state.changed_by is not None and state.ramp is None:
        room = width - sum(len(part) + 2 for part in parts)
        parts.append(_applied(state.changed_by.iteration, state.changed_by.origin, room))
    return "; ".join(parts)


def knob_facts(state: KnobState, history: str = "") -> list[str]:
    """Return all that a person wants to know before turning a knob, a line each; `history` is its past in words."""
    knob = state.knob
    values = [f"now {with_unit(state.value, knob)}", f"default {value_text(knob.default)}"]
    if knob.usual is not None:
        values.append(f"usual {value_text(knob.usual)}")
    bounds = [f"at least {number_text(knob.minimum)}"] if knob.minimum is not None else []
    bounds += [f"at most {number_text(knob.maximum)}"] if knob.maximum is not None else []
    lines = [", ".join(values)]
    if bounds:
        lines.append(" and ".join(bounds))
    lines.append(f"takes effect: {knob.takes_effect}")
    if state.changed_by is not None:
        by = state.changed_by
        note = f": {by.note}" if by.note else ""
        lines.append(f"last changed by {by.origin} at iteration {by.iteration} (#{by.number}){note}")
    if history:
        lines.append(history)
    if state.ramp is not None:
        lines.append(f"{knob_ramp(state)}; an edit ends the ramp")
    if knob.competing_writer:
        lines.append(
            f"pinned: {knob.competing_writer} writes it no more"
            if knob.pinned
            else f"{knob.competing_writer} writes it too; an edit pins it"
        )
    if knob.cost:
        lines.append(knob.cost)
    return lines


def history_text(drawn_as: str, line: str) -> str:
    """Return how a knob went over the run, from a sparkline of what it shows; nothing for no sparkline."""
    return f"{drawn_as} over the run: {line}" if line else ""


def knob_ramp(state: KnobState) -> str:
    """Return where a knob's ramp goes; empty if it is on none."""
    if state.ramp is None:
        return ""
    shape = "" if state.ramp.shape == "linear" else f"{state.ramp.shape} "
    return f"on a {shape}ramp to {value_text(state.ramp.target)}, {state.ramp.iterations_left} iterations left"


def _applied(iteration: int, origin: str, width: int) -> str:
    """Return the longest of several ways to say it that fits, or the shortest."""
    by = f"{iteration} by {origin}"
    return next((way + by for way in ("applied at iteration ", "applied at ", "at ") if len(way + by) <= width), by)
