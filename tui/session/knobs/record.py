"""A knob as a dictionary of plain values, for JSON."""

from __future__ import annotations

from typing import Any

from tui.session.knob_states import KnobState


def knob_record(state: KnobState) -> dict[str, Any]:
    """Return all facts about a knob; `applied_at` is the iteration of `changed_by`."""
    knob, ramp, by = state.knob, state.ramp, state.changed_by
    return {
        "name": knob.name,
        "kind": knob.kind,
        "type": knob.type,
        "unit": knob.unit,
        "value": state.value,
        "default": knob.default,
        "usual": knob.usual,
        "minimum": knob.minimum,
        "maximum": knob.maximum,
        "choices": list(knob.choices),
        "takes_effect": knob.takes_effect,
        "may_be_drawn_now": knob.can_resample_now,
        "cost": knob.cost,
        "metric": knob.metric,
        "read_only": knob.read_only,
        "overwritten_by": knob.competing_writer,
        "pinned": knob.pinned,
        "pending": state.pending,
        "ramp": ramp and {"target": ramp.target, "shape": ramp.shape, "iterations_left": ramp.iterations_left},
        "changed_by": by
        and {"origin": by.origin, "agent": by.agent or None, "number": by.number, "iteration": by.iteration},
        "applied_at": state.applied_at,
    }
