"""Refuses knobs of terms that a task does not have, from its configuration, before the environment is built.

The first step of a knob's name is its group, the second is a term in most groups. What follows is known only when the
environment is built.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from curricula.errors import suggestion
from trainer_proc.contract.errors import TrainingError
from trainer_proc.simulators.default_randomization import OFFERED_TERMS

_TABLES = {
    "reward": "rewards",
    "event": "events",
    "observation": "observations",
    "command": "commands",
    "termination": "terminations",
    "curriculum_term": "curriculum",
}
"""Groups of knobs, and the field of an environment's configuration that holds their terms."""
_OTHERS = ("ppo", "terrain", "curriculum", "guard", "environment")
_WILDCARDS = "*?["


def check_terms(names: Iterable[str], env_cfg: Any) -> None:
    """Raise `TrainingError` for the name of a knob, or a pattern of names, whose group or term does not exist."""
    for name in names:
        group, *rest = name.split("/")
        if any(sign in group for sign in _WILDCARDS):
            continue
        if group not in _TABLES and group not in _OTHERS:
            near = suggestion(group, (*_TABLES, *_OTHERS), count=1, or_all=True)
            raise TrainingError(f"no such knob: {name}; its group does not exist{near}")
        terms = _terms(env_cfg, group)
        term = rest[0] if rest else ""
        if terms is None or any(sign in term for sign in _WILDCARDS) or term in terms:
            continue
        raise TrainingError(f"no such knob: {name}{suggestion(term, terms, or_all=True, prefix=f'{group}/')}")


def _terms(env_cfg: Any, group: str) -> list[str] | None:
    """Return the terms of a group; None if they are not known, as of an environment without managers."""
    table = getattr(env_cfg, _TABLES.get(group, ""), None)
    if isinstance(table, Mapping):
        names = [str(name) for name, term in table.items() if term is not None]
    elif dataclasses.is_dataclass(table):
        names = [name for name, term in vars(table).items() if term is not None and not name.startswith("_")]
    else:
        return None
    return [*names, *(OFFERED_TERMS if group == "event" else ())]
