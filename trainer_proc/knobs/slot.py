"""Slots, the places in the simulator's objects that hold knob values, and knobs on them.

A slot holds a raw value, as the simulator's own code reads it: int or float, list or tuple. A knob shows it as a
`Value` and writes it back in its original shape.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from curricula.values import is_number
from trainer_proc.contract.knob import Knob, KnobType, TakesEffect, Value, When
from trainer_proc.knobs.live import LiveKnob
from trainer_proc.knobs.units import unit_of


@dataclass(frozen=True)
class Slot:
    """Reads and writes a raw value in place, with no further effect; None means that there is no entry."""

    get: Callable[[], Any]
    set: Callable[[Any], None]


@dataclass(frozen=True)
class SlotKnob(LiveKnob):
    """A knob whose value is in a slot, so that competing writers can be detected.

    `take_effect` is called after a write, for values that need more than a place in a configuration.
    """

    slot: Slot = field(kw_only=True)
    take_effect: Callable[[], None] | None = field(default=None, kw_only=True)


def attribute_slot(owner: Any, name: str) -> Slot:
    return Slot(lambda: getattr(owner, name), lambda raw: setattr(owner, name, raw))


def field_slot(owner: Slot, name: str) -> Slot:
    """Return the slot of an attribute of the object in another slot."""
    return Slot(lambda: getattr(owner.get(), name), lambda raw: setattr(owner.get(), name, raw))


def parameter_slot(term_cfg: Any, name: str) -> Slot:
    """Return the slot of `term_cfg.params[name]`, the mapping that a manager passes to the term's function."""

    def write(raw: Any) -> None:
        term_cfg.params[name] = raw

    return Slot(lambda: term_cfg.params.get(name), write)


def entry_slot(mapping: Slot, key: Any) -> Slot:
    """Return the slot of an entry of the mapping in another slot.

    A write replaces the mapping, because the old one may be shared with another configuration, such as a curriculum's
    stage.
    """

    def write(raw: Any) -> None:
        entries = dict(mapping.get() or {})
        if raw is None:
            entries.pop(key, None)
        else:
            entries[key] = raw
        mapping.set(entries)

    return Slot(lambda: (mapping.get() or {}).get(key), write)


def is_tunable_field(raw: Any) -> bool:
    """Tell whether a field of a configuration is a float or a range; whole numbers there are sizes and counts."""
    return isinstance(raw, float) if is_number(raw) else knob_type_of(raw) == "range"


def knob_type_of(raw: Any) -> KnobType | None:
    """Return the type of a knob that can show `raw`, None if none can."""
    if isinstance(raw, bool):
        return "switch"
    if is_number(raw):
        return "integer" if isinstance(raw, int) else "number"
    if isinstance(raw, tuple | list) and len(raw) == 2 and all(is_number(end) for end in raw):
        return "range"
    return None


def value_of(raw: Any) -> Value:
    """Return `raw`, of a type that `knob_type_of` knows, as a knob shows it."""
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, tuple | list):
        return float(raw[0]), float(raw[1])
    return float(raw)


def raw_like(value: Value, like: Any) -> Any:
    """Return `value` in the shape of `like`: int or float, tuple or list, int ends if both of `like` are."""
    if isinstance(like, bool):
        return bool(value)
    if isinstance(value, tuple):
        whole = all(isinstance(end, int) for end in like) and all(float(end).is_integer() for end in value)
        ends = [int(end) if whole else float(end) for end in value]
        return ends if isinstance(like, list) else tuple(ends)
    if isinstance(like, int):
        return int(value)
    return float(value)


def slot_knob(
    slot: Slot,
    *,
    name: str,
    kind: str,
    takes_effect: TakesEffect,
    type: KnobType | None = None,
    absent: Any = None,
    take_effect: Callable[[], None] | None = None,
    resample: Callable[[When], None] | None = None,
    **described: Any,
) -> SlotKnob:
    """Return a knob on `slot`.

    `absent` is the raw value that a missing entry means. If `take_effect` raises, the slot gets its old value back and
    the knob's `write` raises the same. `described` are further fields of `Knob`; the unit defaults to that of the name.
    """
    first = slot.get()
    like = absent if first is None else first
    if type == "number":
        like = float(like)

    def read() -> Value:
        raw = slot.get()
        return value_of(absent if raw is None else raw)

    def write(value: Value) -> None:
        before = slot.get()
        slot.set(raw_like(value, like))
        if take_effect is None:
            return
        try:
            take_effect()
        except Exception:
            slot.set(before)
            raise

    described.setdefault("unit", unit_of(name))
    described.setdefault("default", value_of(like))
    description = Knob(
        name=name,
        kind=kind,
        value=read(),
        takes_effect=takes_effect,
        type=type or knob_type_of(like) or "number",
        **described,
    )
    return SlotKnob(description, read, write, resample, slot=slot, take_effect=take_effect)
