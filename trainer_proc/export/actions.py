"""Describe the actions of a policy: what becomes of each number that it puts out, as configured.

An event may have randomized the default pose of each environment, so no environment's offset is the nominal one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import torch

from trainer_proc.contract.bundle.description import ActionTerm, Limits
from trainer_proc.export.plain import import_path, limits, plain
from trainer_proc.simulators.interface import Simulator

_LIBRARIES = ("mjlab", "isaaclab")
_KINDS = {
    "JointPositionAction": "position",
    "RelativeJointPositionAction": "relative_position",
    "JointVelocityAction": "velocity",
    "JointEffortAction": "effort",
    "TendonLengthAction": "tendon_length",
    "TendonVelocityAction": "tendon_velocity",
    "TendonEffortAction": "tendon_effort",
    "FixedTendonPositionAction": "tendon_length",
    "SiteEffortAction": "site_effort",
}
"""Kinds of the libraries' terms that scale, offset and limit an action, and do nothing else with it."""
_UNCHANGED = {"scale": 1.0, "offset": 0.0}


def describe_actions(env: Any, simulator: Simulator | None) -> dict[str, Any]:
    """Return the action terms and what every action becomes, in the order of the policy's output."""
    manager = getattr(env, "action_manager", None)
    if manager is None:
        return {}
    several = len(driven_assets(env, simulator)) > 1
    names: list[str] = []
    clips: list[Limits | None] = []
    terms: list[ActionTerm] = []
    numbers: dict[str, list[float | None]] = {"scale": [], "offset": []}
    for term_name in manager.active_terms:
        term = manager.get_term(term_name)
        targets = list(simulator.action_targets(term)) if simulator is not None else []
        clips += _clips(term, targets)
        terms.append(
            ActionTerm(
                name=term_name,
                size=term.action_dim,
                kind=_kind(term),
                implementation=import_path(type(term)),
                configuration=plain(getattr(term, "cfg", {})),
            )
        )
        for quantity, of_all in numbers.items():
            of_all += _of_each(term, quantity, targets, simulator)
        if len(targets) != term.action_dim:  # several joints may be one action: a gripper's
            targets = [f"{term_name}_{i}" for i in range(term.action_dim)]
        elif simulator is not None and several:
            targets = [f"{simulator.action_asset(term)}/{target}" for target in targets]
        names += targets
    return {
        "action_terms": terms,
        "action_kinds": [term.kind for term in terms for _ in range(term.size)],
        "action_names": names,
        "action_scale": numbers["scale"],
        "action_offset": numbers["offset"],
        "action_clip": clips,
    }


def actions_not_included(env: Any) -> list[str]:
    """Return a line for each action term that does more than to scale, offset and limit an action."""
    manager = getattr(env, "action_manager", None)
    if manager is None:
        return [f"actions: {type(env).__name__} has no action manager, its own code makes targets of them"]
    return [
        f"action {name}: {type(term).__name__} does more than scale, offset and clip; see its code and configuration"
        for name in manager.active_terms
        if not _is_affine(term := manager.get_term(name))
    ]


def action_limit(env: Any) -> tuple[float | None, list[str]]:
    """Return the largest magnitude that the wrappers around an environment let an action have; None for no limit.

    And a line for each wrapper whose limit is not one number.
    """
    numbers, not_included = [], []
    while env is not None:
        limit = getattr(env, "clip_actions", None)
        if isinstance(limit, int | float) and not isinstance(limit, bool):
            numbers.append(float(limit))
        elif limit is not None and limit is not False:
            not_included.append(f"clip_actions of {type(env).__name__}: expected one number, got {plain(limit)}")
        env = getattr(env, "env", None)
    return min(numbers, default=None), not_included


def _kind(term: Any) -> str:
    """Return what a term's numbers are; the name of its class if no controller here could follow them."""
    if type(term).__module__.partition(".")[0] == "trainer_proc" and not _is_affine(term):
        return type(term).__name__
    return next((_KINDS[kind.__name__] for kind in type(term).__mro__ if kind.__name__ in _KINDS), type(term).__name__)


def _is_affine(term: Any) -> bool:
    """Tell whether a term is one of the libraries' known kinds, and no user's class replaces what these do."""
    if not any(kind.__name__ in _KINDS for kind in type(term).__mro__):
        return False
    methods = (getattr(type(term), name) for name in ("process_actions", "apply_actions"))
    return all(method.__module__.partition(".")[0] in _LIBRARIES for method in methods)


def _clips(term: Any, targets: Sequence[str]) -> list[Limits | None]:
    """Return the limits of each scaled and offset action."""
    configured = getattr(getattr(term, "cfg", None), "clip", None)
    if configured is None or len(targets) != term.action_dim or _kind(term) not in _KINDS.values():
        return [None] * term.action_dim
    return [limits(_of_target(configured, target, None)) for target in targets]


def driven_assets(env: Any, simulator: Simulator | None) -> list[str]:
    """Return the assets that the action terms drive; without terms, the asset `robot` or the only robot."""
    if simulator is None:
        return []
    manager = getattr(env, "action_manager", None)
    if manager is not None:
        return list(dict.fromkeys(simulator.action_asset(manager.get_term(name)) for name in manager.active_terms))
    names = simulator.robot_names()
    return ["robot"] if "robot" in names else names if len(names) == 1 else []


def _of_each(term: Any, quantity: str, targets: Sequence[str], simulator: Simulator | None) -> Sequence[float | None]:
    """Return the scale or offset of each action of a term; None where it has none, or environments differ.

    A class of a user may compute its own, so its numbers count where all environments have the same.
    """
    configured = _configured(term, quantity, targets, simulator)
    if configured is not None and type(term).__module__.partition(".")[0] in _LIBRARIES:
        return configured
    in_use = _same_in_all(getattr(term, f"_{quantity}", None), term.action_dim)
    return in_use or configured or [None] * term.action_dim


def _configured(
    term: Any, quantity: str, targets: Sequence[str], simulator: Simulator | None
) -> Sequence[float | None] | None:
    """Return what the term's configuration says of each target; None if it says nothing."""
    cfg = getattr(term, "cfg", None)
    if len(targets) != term.action_dim or not hasattr(cfg, quantity):
        return None
    if quantity == "offset" and getattr(cfg, "use_zero_offset", False):
        return [0.0] * len(targets)
    if quantity == "offset" and getattr(cfg, "use_default_offset", False) and simulator is not None:
        follows_velocity = any(kind.__name__ == "JointVelocityAction" for kind in type(term).__mro__)
        state = simulator.nominal_joint_state(simulator.action_asset(term), "vel" if follows_velocity else "pos")
        return [state[target] for target in targets]
    return [_of_target(getattr(cfg, quantity), target, _UNCHANGED[quantity]) for target in targets]


def _of_target(configured: Any, target: str, otherwise: Any) -> Any:
    """Return a target's entry of a configuration that is one number, or a mapping from patterns of names."""
    if not isinstance(configured, dict):
        return float(configured)
    return next((value for pattern, value in configured.items() if re.fullmatch(pattern, target)), otherwise)


def _same_in_all(values: Any, count: int) -> list[float] | None:
    """Return a number, or a tensor of shape [num_envs, count] that is the same in all, as a list; else None."""
    if isinstance(values, int | float):
        return [float(values)] * count
    if not isinstance(values, torch.Tensor) or values.ndim != 2 or values.shape[1] != count:
        return None
    return values[0].tolist() if bool((values == values[0]).all()) else None
