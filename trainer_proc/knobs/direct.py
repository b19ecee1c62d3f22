"""Knobs of a direct-workflow environment: numbers of its configuration that it reads during the training.

Isaac Lab's `DirectRLEnv` has no managers: terms are code, and their scales are fields of `env.cfg`, which the
environment does not copy. A field that a method reads as `self.cfg.<field>` can be changed; one that only the
constructor reads can't. The bytecode shows which.
"""

from __future__ import annotations

import dataclasses
import dis
import inspect
import re
from collections.abc import Iterable, Iterator
from types import CodeType
from typing import Any

from trainer_proc.contract.knob import TakesEffect
from trainer_proc.knobs.bounds import bounds_of
from trainer_proc.knobs.slot import SlotKnob, attribute_slot, is_tunable_field, slot_knob

_REWARDS = ("_get_rewards",)
_STEP = ("_pre_physics_step", "_apply_action", "_get_dones", "_get_observations", "_get_states", *_REWARDS)
_RESET = ("_reset_idx",)
_BUILT = ("__init__", "_setup_scene")

_ONLY_BUILT = "the environment reads it only when it is built"
_NOT_SEEN = "no step and no reset of the environment reads it"
_BASES = ("DirectRLEnvCfg", "DirectMARLEnvCfg")
"""Isaac Lab's bases of an environment's configuration."""
_SCALE = re.compile(
    r"(?:rew|reward)_(?:scale|weight)_(?P<last>\w+)"
    r"|(?P<first>\w+?)(?:_(?:reward|rew)(?:_(?:scale|weight))?|(?P<cost>_cost|_penalty)(?:_(?:scale|weight))?|_weight)"
)
"""How direct environments name the scales of their rewards: `rew_scale_alive`, `up_weight`, `energy_cost_scale`."""


def is_direct(env: Any) -> bool:
    """Tell whether an environment computes its rewards itself (`DirectRLEnv`, `DirectMARLEnv`)."""
    return hasattr(env, "_get_rewards") and dataclasses.is_dataclass(getattr(env, "cfg", None))


def direct_knobs(env: Any) -> list[SlotKnob]:
    """Return `reward/<name>/weight` for the scales of rewards, then `environment/<field>` for other numbers and ranges.

    These are the fields that the environment's configuration adds to `DirectRLEnvCfg`. A field that no step and no
    reset reads is read-only, with the reason.
    """
    of_rewards, of_steps, of_resets, of_building = (
        _fields_read(type(env), methods) for methods in (_REWARDS, _STEP, _RESET, _BUILT)
    )
    knobs = []
    for field in _own_fields(type(env.cfg)):
        if not is_tunable_field(getattr(env.cfg, field)):
            continue
        if field in of_steps | of_resets:
            takes_effect: TakesEffect = "next iteration" if field in of_steps else "at each environment's reset"
            scale, reason = _scale_of(field) if field in of_rewards else "", ""
        else:
            takes_effect, scale = "needs a restart", _scale_of(field)
            reason = _ONLY_BUILT if field in of_building else _NOT_SEEN
        knobs.append(_knob(env.cfg, field, scale, takes_effect, reason))
    return sorted(knobs, key=lambda knob: knob.description.kind != "reward")


def _knob(cfg: Any, field: str, scale: str, takes_effect: TakesEffect, reason: str) -> SlotKnob:
    minimum, maximum = (None, None) if scale else bounds_of(field)
    return slot_knob(
        attribute_slot(cfg, field),
        name=f"reward/{scale}/weight" if scale else f"environment/{field}",
        kind="reward" if scale else "environment",
        takes_effect=takes_effect,
        minimum=minimum,
        maximum=maximum,
        read_only=reason,
    )


def _own_fields(cfg: type) -> list[str]:
    """Return the fields that an environment's configuration adds to Isaac Lab's."""
    isaac_labs = {name for base in cfg.__mro__ if base.__name__ in _BASES for name in _names(base)}
    return [name for name in _names(cfg) if name not in isaac_labs]


def _names(cfg: type) -> list[str]:
    return [field.name for field in dataclasses.fields(cfg)]


def _scale_of(field: str) -> str:
    """Return the name of the reward that a field scales, empty if its name is not that of a scale."""
    match = _SCALE.fullmatch(field)
    return "" if match is None else match["last"] or match["first"] + (match["cost"] or "")


def _fields_read(cls: type, methods: Iterable[str]) -> set[str]:
    """Return the fields of `self.cfg` that methods of `cls` read, directly or through other methods of `self`.

    Every definition of a method counts, also those of base classes, which `super()` may call.
    """
    found: set[str] = set()
    seen: set[str] = set(_BUILT) - set(methods)
    waiting = list(methods)
    while waiting:
        method = waiting.pop()
        if method not in seen:
            seen.add(method)
            for code in _codes(cls, method):
                found |= _loaded_from("cfg", code)
                waiting += (name for name in _loaded_from("self", code) if hasattr(cls, name))
    return found


def _codes(cls: type, method: str) -> Iterator[CodeType]:
    """Yield the code of every definition of a method or property, with the functions inside it."""
    for base in cls.__mro__:
        member = vars(base).get(method)
        function: Any = member.fget if isinstance(member, property) else member
        code = getattr(inspect.unwrap(function), "__code__", None) if function is not None else None
        waiting = [code] if isinstance(code, CodeType) else []
        while waiting:
            code = waiting.pop()
            yield code
            waiting += [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _loaded_from(owner: str, code: CodeType) -> set[str]:
    """Return the attributes loaded from `owner`: `name` of both `self.cfg.name` and `cfg.name`."""
    names: set[str] = set()
    before = ""
    for instruction in dis.get_instructions(code):
        value = instruction.argval
        name = str(value[-1] if isinstance(value, tuple) else value)  # Python 3.13 loads two variables at once
        if before == owner and instruction.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            names.add(name)
        before = name if instruction.opname.startswith(("LOAD_ATTR", "LOAD_FAST", "LOAD_DEREF")) else ""
    return names
