"""Knobs of the numeric parameters of a manager's term: of rewards, events, terminations and curriculum terms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from trainer_proc.contract.knob import TakesEffect, When
from trainer_proc.knobs.bounds import bounds_of
from trainer_proc.knobs.parameters import Use, keeps_episode_state, use_of
from trainer_proc.knobs.slot import Slot, SlotKnob, entry_slot, knob_type_of, parameter_slot, slot_knob

POSE_AXES = ("x", "y", "z", "roll", "pitch", "yaw")
"""The entries of `pose_range` and `velocity_range`; one that is missing means (0, 0)."""

_AXIS_PARAMETERS = ("pose_range", "velocity_range")
_INDEX_SUFFIXES = ("axes", "ids")
"""These suffixes mark index parameters; a pair is not a range."""

_NOT_USED = "the term does not use it"
_COPIED = "the term copied it when it was built, and keeps per-episode state, so it can't be rebuilt"


@dataclass(frozen=True, kw_only=True)
class Term:
    """A term as its manager calls it. `name` is the prefix of its knobs, such as `reward/pose`.

    `unused` are parameters without effect although the term's function reads them, each with the reason.
    """

    name: str
    kind: str
    cfg: Any
    env: Any
    takes_effect: TakesEffect
    resample: Callable[[When], None] | None = None
    minimum: float | None = None
    unused: Mapping[str, str] = field(default_factory=dict)


def parameter_knobs(term: Term) -> list[SlotKnob]:
    """Return `<term>/<parameter>` for each number, switch and pair, `<term>/<parameter>/<key>` for those in mappings.

    They are in `term.cfg.params`, which the managers pass to the term's function at each call (mjlab 1.6, Isaac Lab
    3.0). A parameter that the function does not read is read-only, with the reason. If a term has copied a parameter
    and has no per-episode state, a write rebuilds it and raises what its constructor raises.
    """
    knobs: list[SlotKnob] = []
    for parameter in term.cfg.params:
        if str(parameter).endswith(_INDEX_SUFFIXES):
            continue
        use = use_of(term.cfg.func, parameter)
        knobs += [_knob(term, path, slot, absent, use) for path, slot, absent in _slots(term.cfg, parameter)]
    return knobs


def axis_slots(mapping: Slot) -> Iterator[tuple[str, Slot, Any]]:
    """Yield name, slot and default of the entries of a pose or velocity range, including missing ones."""
    keys = mapping.get() or {}
    shown = [key for key in keys if knob_type_of(keys[key]) is not None]
    for key in POSE_AXES if set(keys) <= set(POSE_AXES) else shown:
        yield str(key), entry_slot(mapping, key), (0.0, 0.0)


def _slots(cfg: Any, parameter: str) -> Iterator[tuple[str, Slot, Any]]:
    slot = parameter_slot(cfg, parameter)
    raw = slot.get()
    if knob_type_of(raw) is not None:
        yield parameter, slot, None
    elif parameter in _AXIS_PARAMETERS and (raw is None or isinstance(raw, dict)):
        yield from ((f"{parameter}/{key}", entry, absent) for key, entry, absent in axis_slots(slot))
    elif isinstance(raw, dict):
        for key, entry in raw.items():
            if knob_type_of(entry) is not None:
                yield f"{parameter}/{key}", entry_slot(slot, key), None


def _knob(term: Term, path: str, slot: Slot, absent: Any, use: Use) -> SlotKnob:
    name = f"{term.name}/{path}"
    minimum, maximum = bounds_of(path)
    if minimum is None and not isinstance(slot.get(), bool):
        minimum = term.minimum
    read_only = _reason(term, path.partition("/")[0], use)
    return slot_knob(
        slot,
        name=name,
        kind=term.kind,
        takes_effect=term.takes_effect,
        absent=absent,
        take_effect=_rebuild(term) if use is Use.CACHED else None,
        resample=term.resample,
        minimum=minimum,
        maximum=maximum,
        read_only=read_only,
        can_resample_now=term.resample is not None and not read_only,
    )


def _reason(term: Term, parameter: str, use: Use) -> str:
    """Return why a parameter is read-only, empty if it is not."""
    if use is Use.UNUSED:
        return _NOT_USED
    if use is Use.CACHED and keeps_episode_state(term.cfg.func):
        return _COPIED
    return term.unused.get(parameter, "")


def _rebuild(term: Term) -> Callable[[], None]:
    def rebuild() -> None:
        with torch.inference_mode():
            term.cfg.func = type(term.cfg.func)(cfg=term.cfg, env=term.env)

    return rebuild
