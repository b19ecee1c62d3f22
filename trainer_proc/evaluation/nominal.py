"""A task under nominal conditions, as a bundle describes it: what its policy meets in another simulator too.

No noise, no delays, no randomization, no pushes, no curricula; flat ground; every episode starts as it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from presets.override_value import NULL
from trainer_proc.contract.worker import Progress
from trainer_proc.evaluation.prepare import Prepared, staged
from trainer_proc.evaluation.stage import Stage

_ENDLESS_S = 1e6
"""Episodes end when their cell does, not by time-out (s)."""


@contextmanager
def nominal_stage(prepared: Prepared, num_envs: int, report: Callable[[Progress], None]) -> Iterator[Stage]:
    """Yield the built environment, whose episodes never end; close it afterwards. Raises `UserError`.

    Knobs that were changed in the training count for nothing: they are what the training randomizes and asks for.
    """
    spec = msgspec.structs.replace(prepared.spec, set={}, bounds={}, curricula={})
    nominal = Prepared(**{**vars(prepared), "spec": spec, "conditions": {}, "origin": "", "notes": []})
    with staged(nominal, num_envs, nominal_overrides(prepared.env_cfg), report) as stage:
        yield stage


def nominal_overrides(env_cfg: Any) -> dict[str, Any]:
    """Return values by path that take everything random, late or uneven out of a configuration."""
    overrides: dict[str, Any] = {"env.episode_length_s": _ENDLESS_S}
    for part in ("events", "curriculum", "terminations"):
        overrides |= {f"env.{part}.{name}": NULL for name, term in _entries(getattr(env_cfg, part, None)) if term}
    for group_name, group in _entries(getattr(env_cfg, "observations", None)):
        path = f"env.observations.{group_name}"
        if hasattr(group, "enable_corruption"):
            overrides[f"{path}.enable_corruption"] = False
        for name, term in _entries(getattr(group, "terms", None)):
            overrides |= _without_delay(f"{path}.terms.{name}", term)
    for name, entity in _entries(getattr(env_cfg.scene, "entities", None)):
        actuators = getattr(getattr(entity, "articulation", None), "actuators", ())
        for number, actuator in enumerate(actuators):
            overrides |= _without_delay(f"env.scene.entities.{name}.articulation.actuators.{number}", actuator)
    if getattr(getattr(env_cfg.scene, "terrain", None), "terrain_type", "plane") != "plane":
        overrides |= {"env.scene.terrain.terrain_type": "plane", "env.scene.terrain.terrain_generator": NULL}
    return overrides


def _without_delay(path: str, part: Any) -> dict[str, Any]:
    if not getattr(part, "delay_max_lag", 0):
        return {}
    return {f"{path}.delay_min_lag": 0, f"{path}.delay_max_lag": 0}


def _entries(part: Any) -> list[tuple[str, Any]]:
    """Return the named entries of a mapping, or of a configuration's own fields."""
    if part is None:
        return []
    entries = part if isinstance(part, Mapping) else vars(part)
    return [(str(name), entry) for name, entry in entries.items() if not str(name).startswith("_")]
