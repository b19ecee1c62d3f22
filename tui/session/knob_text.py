"""What is said of one knob, on a line of a table and in full."""

from __future__ import annotations

from trainer_proc.wire.knob import Knob, Value, value_text
from tui.session.state import KnobState


def shortened(text: str, width: int) -> str:
    """Return `text` in at most `width` cells, its end replaced by `…`."""
    return text if len(text) <= width else text[: width - 1] + "…"


def shortened_name(name: str, width: int) -> str:
    """Return a knob's name in at most `width` cells; the end of its path tells most."""
    return name if len(name) <= width else "…" + name[1 - width :]


def with_unit(value: Value, knob: Knob) -> str:
    """Return a value of `knob` with its unit."""
    return f"{value_text(value)} {knob.unit}".rstrip()


def knob_state(state: KnobState, width: int = 1000) -> str:
    """Return what happens to a knob, what is about to first; worded so that it fits in `width` cells if it can."""
    parts = []
    if state.pending is not None:
        parts.append(f"pending → {value_text(state.pending)}")
    if state.ramp is not None:
        parts.append(f"ramp → {value_text(state.ramp.target)}, {state.ramp.iterations_left} left")
    if state.knob.read_only:
        parts.append(state.knob.read_only)
    if state.knob.pinned:
        parts.append(f"pinned (over {state.knob.overwritten_by})" if state.knob.overwritten_by else "pinned")
    elif state.knob.overwritten_by:
        parts.append(f"{state.knob.overwritten_by} writes it")
    if state.changed_by is not None and state.ramp is None:
        room = width - sum(len(part) + 2 for part in parts)
        parts.append(_applied(state.changed_by.iteration, state.changed_by.origin, room))
    return "; ".join(parts)


def knob_facts(state: KnobState) -> list[str]:
    """Return all that a person wants to know before turning a knob, a line each."""
    knob = state.knob
    values = [f"now {with_unit(state.value, knob)}", f"default {value_text(knob.default)}"]
    if knob.usual is not None:
        values.append(f"usual {value_text(knob.usual)}")
    bounds = [f"at least {knob.minimum:g}"] if knob.minimum is not None else []
    bounds += [f"at most {knob.maximum:g}"] if knob.maximum is not None else []
    lines = [", ".join(values)]
    if bounds:
        lines.append(" and ".join(bounds))
    lines.append(f"takes effect: {knob.takes_effect}")
    if state.changed_by is not None:
        by = state.changed_by
        note = f": {by.note}" if by.note else ""
        lines.append(f"last changed by {by.origin} at iteration {by.iteration} (#{by.number}){note}")
    if state.ramp is not None:
        lines.append(f"{knob_ramp(state)}; an edit ends the ramp")
    if knob.overwritten_by:
        lines.append(
            f"pinned: {knob.overwritten_by} writes it no more"
            if knob.pinned
            else f"{knob.overwritten_by} writes it too; an edit pins it"
        )
    if knob.cost:
        lines.append(knob.cost)
    return lines


def knob_ramp(state: KnobState) -> str:
    """Return where a knob's ramp goes; empty if it is on none."""
    if state.ramp is None:
        return ""
    shape = "" if state.ramp.shape == "linear" else f"{state.ramp.shape} "
    return f"on a {shape}ramp to {value_text(state.ramp.target)}, {state.ramp.iterations_left} iterations left"


def _applied(iteration: int, origin: str, width: int) -> str:
    """Return the longest of several ways to say it that fits, or the shortest."""
    ways = (f"applied at iteration {iteration} by {origin}", f"applied at {iteration} by {origin}")
    return next((way for way in ways if len(way) <= width), f"at {iteration} by {origin}")
