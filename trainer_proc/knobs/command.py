"""Command knobs: the ranges that command terms sample from.

The configuration in use is `CommandManager.get_term(name).cfg` (mjlab 1.6), read when a command is sampled.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from trainer_proc.knobs.bounds import bounds_of
from trainer_proc.knobs.slot import (
    Slot,
    SlotKnob,
    attribute_slot,
    entry_slot,
    field_slot,
    is_tunable_field,
    slot_knob,
)
from trainer_proc.knobs.term_parameters import axis_slots

_RANGES = "ranges"
_AXIS_FIELDS = ("pose_range", "velocity_range")
_DEBUG_DRAWING = {"debug_vis", "_debug_vis_impl", "create_gui", "create_debug_vis_gui"}
_NEEDS = {"rel_heading_envs": "heading_command", "heading_control_stiffness": "heading_command"}
"""Fields that mjlab's velocity command reads only while this switch of its configuration is on."""


def command_knobs(command_manager: Any) -> list[SlotKnob]:
    """Return `command/<term>/<field>` for the numbers and ranges of every command's configuration.

    Fields of the nested `ranges` are named without it, entries of mappings `<field>/<key>`. A field that only the
    term's constructor or its debug drawing reads is read-only, with the reason.
    """
    return [
        knob
        for name in command_manager.active_terms
        for knob in _term_knobs(f"command/{name}", command_manager.get_term(name))
    ]


def _term_knobs(prefix: str, term: Any) -> Iterator[SlotKnob]:
    used = _names_used(type(term))
    for path, slot, absent in _slots(attribute_slot(term, "cfg")):
        field = path.partition("/")[0]
        minimum, maximum = bounds_of(path)
        yield slot_knob(
            slot,
            name=f"{prefix}/{path}",
            kind="command",
            takes_effect="at the next command",
            absent=absent,
            minimum=minimum,
            maximum=maximum,
            read_only=_reason(term.cfg, field, field in used),
        )


def _reason(cfg: Any, field: str, is_used: bool) -> str:
    """Return why a field is read-only, empty if it is not."""
    if not is_used:
        return "the command reads it only when it is built"
    switch = _NEEDS.get(field)
    return f"the command reads it only with {switch}" if switch and not getattr(cfg, switch, True) else ""


def _slots(cfg: Slot) -> Iterator[tuple[str, Slot, Any]]:
    for field in dataclasses.fields(cfg.get()):
        slot = field_slot(cfg, field.name)
        raw = slot.get()
        if is_tunable_field(raw):
            yield field.name, slot, None
        elif field.name in _AXIS_FIELDS and isinstance(raw, dict):
            yield from ((f"{field.name}/{key}", entry, absent) for key, entry, absent in axis_slots(slot))
        elif isinstance(raw, dict):
            keys = [key for key, entry in raw.items() if is_tunable_field(entry)]
            yield from ((f"{field.name}/{key}", entry_slot(slot, key), None) for key in keys)
        elif field.name == _RANGES and dataclasses.is_dataclass(raw):
            yield from _slots(slot)


def _names_used(cls: type) -> set[str]:
    """Return the names that methods refer to, including base classes'; constructors and debug drawing excluded."""
    names: set[str] = set()
    for base in cls.__mro__:
        for key, member in vars(base).items():
            function = member.fget if isinstance(member, property) else member
            if isinstance(function, FunctionType) and key not in _DEBUG_DRAWING and key != "__init__":
                names |= _names_in(function.__code__)
    return names


def _names_in(code: CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names_in(constant)
    return names
