"""From action to target: the recorded actions must become the recorded position targets of the motors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.bundle.trace import Array, Trace
from trainer_proc.deploy.actions import Actions
from trainer_proc.deploy.robot import VECTORS
from trainer_proc.verification.trace.columns import (
    TOLERANCE,
    Match,
    equal,
    grouped,
    listed,
    order_text,
    ratio_text,
    unit_text,
)
from trainer_proc.verification.trace.observations import state_of

_STILL = 1e-6
"""Variance of an action that shows no scale."""


@dataclass(frozen=True)
class _Law:
    """A recorded target is `scale` · (limited action `action`) + `offset`."""

    action: int
    scale: float
    offset: float


def target_faults(card: PolicyCard, trace: Trace) -> list[str]:
    """Return a line for each difference of scale, offset and order. Raises `BundleRefused` for unknown joints."""
    if trace.action.shape[1] != card.num_actions:
        return []  # reported as a difference of the network
    driven = [name for name, kind in zip(card.action_names, card.action_kinds, strict=True) if kind == "position"]
    motors = [name for name in trace.header.motors if name in driven]
    recorded = trace.target[:, [trace.header.motors.index(name) for name in motors]]
    limited, made = _replayed(card, trace, motors)
    wrong = [number for number in range(len(motors)) if not equal(recorded[:, number], made[:, number])]
    if not wrong:
        return []
    laws = {motors[n]: _law(recorded[:, n], limited, card.action_names.index(motors[n])) for n in wrong}
    unexplained = [name for name, law in laws.items() if law is None]
    if unexplained:
        largest = float(np.abs(recorded - made).max())
        return [
            f"action_scale: targets of {listed(unexplained)} differ from the training's by up to {largest:.3g} rad: "
            "check scale, offset and clip"
        ]
    return _order_faults(card, laws) + _number_faults(card, laws)


def _replayed(card: PolicyCard, trace: Trace, motors: list[str]) -> tuple[Array, Array]:
    """Return the limited actions [T, A], and the runner's position targets [T, motors]."""
    actions = Actions(card, trace.header.joints)
    places = [trace.header.joints.index(name) for name in motors]
    limited, made = np.empty(trace.action.shape), np.empty((trace.steps, len(motors)))
    for step in range(trace.steps):
        limited[step] = actions.limited(trace.action[step].astype(np.float32))
        targets = actions.targets(limited[step].copy(), state_of(trace, step, dict.fromkeys(VECTORS, 0)))
        made[step] = targets.position[places]
    return limited, made


def _law(target: Array, actions: Array, own: int) -> _Law | None:
    """Return which action made a target, preferably `own`; None if none did alone."""
    for action in (own, *(other for other in range(actions.shape[1]) if other != own)):
        column = actions[:, action]
        if float(column.var()) <= _STILL:
            continue
        (scale, offset), *_ = np.linalg.lstsq(np.stack([column, np.ones_like(column)], axis=1), target, rcond=None)
        if equal(target, scale * column + offset):
            return _Law(action, float(scale), float(offset))
    return None


def _order_faults(card: PolicyCard, laws: dict[str, _Law | None]) -> list[str]:
    """Name joints that policy.json gives to each other's actions."""
    matches: list[Match | None] = [Match(number) for number in range(card.num_actions)]
    for name, law in laws.items():
        if law is not None:
            # the action that drove this joint is listed as another joint's
            matches[law.action] = Match(card.action_names.index(name))
    text = order_text(matches, card.action_names, "joints")
    return [f"action_names: {text}"] if text else []


def _number_faults(card: PolicyCard, laws: dict[str, _Law | None]) -> list[str]:
    """Compare scale and offset of each action with those that the trace shows."""
    ratios, shifts = {}, {}
    for law in laws.values():
        assert law is not None
        name = card.action_names[law.action]
        scale, offset = card.action_scale[law.action], card.action_offset[law.action]
        if scale is not None and law.scale:
            ratios[name] = scale / law.scale
        if offset is not None and abs(offset - law.offset) > TOLERANCE * (1.0 + abs(offset)):
            shifts[name] = offset - law.offset
    lines = []
    for who, ratio in grouped(ratios, card.num_actions):
        if text := unit_text(ratio, "rad"):
            lines.append(f"action_scale: targets of {who} are {text}")
        elif text := ratio_text(ratio):
            lines.append(f"action_scale: scale of {who} is {text}")
    for who, shift in grouped(shifts, card.num_actions):
        lines.append(f"action_offset: offset of {who} is {abs(shift):.3g} rad too {'high' if shift > 0 else 'low'}")
    return lines
