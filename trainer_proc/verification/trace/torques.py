"""From target to torque: gains and effort limits must be those that the recorded torques show.

A motor's torque is stiffness · (target − position) − damping · velocity within its limits, so least squares over the
steps below the limits give both gains. Where another law made the torques, the fit is bad and nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.bundle.trace import Array, Trace
from trainer_proc.verification.trace.columns import grouped, ratio_text

_FIT = 1e-3
"""Largest error of a fit, relative to the largest torque."""
_GAIN = 0.01
"""Largest relative difference of a gain."""
_LIMIT = 0.005
"""Part of the largest torque within which a step counts as limited."""
_LEAST_STEPS = 10
_EXCITED = 1e-3
"""Least torque (N·m) that a gain's part must add to show the gain."""


@dataclass(frozen=True)
class Motor:
    """What the trace shows of a motor."""

    stiffness: float | None
    """N·m/rad; None if the motion doesn't show it."""
    damping: float | None
    """N·m·s/rad; None if the motion doesn't show it."""
    largest: float
    """Largest torque (N·m)."""
    demanded: float
    """Largest torque that the gains ask for (N·m)."""


def torque_faults(card: PolicyCard, trace: Trace) -> list[str]:
    """Return a line for each gain and effort limit that differs."""
    driven = {name for name, kind in zip(card.action_names, card.action_kinds, strict=True) if kind == "position"}
    shown = {name: motor for name, motor in motors_of(trace).items() if name in driven and name in card.joint_names}
    return [
        *_gain_faults(card, shown, "stiffness"),
        *_gain_faults(card, shown, "damping"),
        *_limit_faults(card, shown),
    ]


def motors_of(trace: Trace) -> dict[str, Motor]:
    """Return the motors whose torques follow the law."""
    found = {}
    for column, name in enumerate(trace.header.motors):
        joint = trace.header.joints.index(name)
        # the torques of a step belong to the state after it
        error = trace.target[:, column] - trace.joint_pos[1:, joint]
        motor = _fitted(error, -trace.joint_vel[1:, joint], trace.torque[:, column])
        if motor is not None:
            found[name] = motor
    return found


def _fitted(error: Array, minus_velocity: Array, torque: Array) -> Motor | None:
    largest = float(np.abs(torque).max())
    terms = np.stack([error, minus_velocity], axis=1)
    free = np.ones(len(torque), dtype=bool)
    gains = _solved(terms, torque)
    if not _fits(terms, torque, gains):  # the limit cuts some torques off
        free = np.abs(torque) < (1.0 - _LIMIT) * largest
        if free.sum() < _LEAST_STEPS:
            return None
        gains = _solved(terms[free], torque[free])
        if not _fits(terms[free], torque[free], gains):
            return None
    demanded = float(np.abs(terms @ gains).max())
    seen = np.abs(terms[free]).max(axis=0) * np.abs(gains) > max(_EXCITED, 1e-3 * largest)
    stiffness, damping = (float(gain) if ok else None for gain, ok in zip(gains, seen, strict=True))
    return Motor(stiffness, damping, largest, demanded)


def _solved(terms: Array, torque: Array) -> Array:
    gains: Array = np.asarray(np.linalg.lstsq(terms, torque, rcond=None)[0], dtype=np.float64)
    return gains


def _fits(terms: Array, torque: Array, gains: Array) -> bool:
    return bool(np.abs(terms @ gains - torque).max() <= _FIT * max(1.0, float(np.abs(torque).max())))


def _gain_faults(card: PolicyCard, shown: dict[str, Motor], quantity: str) -> Iterator[str]:
    field = f"joint_{quantity}"
    ratios = {}
    for name, described in zip(card.joint_names, getattr(card, field), strict=True):
        gain = getattr(shown[name], quantity) if name in shown else None
        if gain and described is not None and abs(described / gain - 1.0) > _GAIN:
            ratios[name] = described / gain
    for who, ratio in grouped(ratios, len(card.joint_names)):
        yield f"{field}: {quantity} of {who} is {ratio_text(ratio) or 'another one'}"


def _limit_faults(card: PolicyCard, shown: dict[str, Motor]) -> Iterator[str]:
    for name, ends in zip(card.joint_names, card.joint_effort_limits, strict=True):
        motor = shown.get(name)
        if motor is None:
            continue
        limit = max((abs(end) for end in ends or () if end is not None), default=None)
        if limit is not None and motor.largest > limit * (1.0 + _LIMIT) + _FIT:
            yield f"joint_effort_limits: limit of {name} is too low: {limit:g} N·m, trained with {motor.largest:.4g}"
        cut_off = motor.demanded > motor.largest * (1.0 + 2.0 * _LIMIT) + _FIT
        if cut_off and (limit is None or limit > motor.largest * (1.0 + 2.0 * _LIMIT)):
            got = "none" if limit is None else f"{limit:g} N·m"
            yield f"joint_effort_limits: limit of {name} is too high: {got}, trained with {motor.largest:.4g} N·m"
