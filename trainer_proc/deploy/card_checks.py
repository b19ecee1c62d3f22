"""Checks the numbers of a card before they move a robot: lengths, units and ranges.

A wrong unit or order is found here only if it shows: a pose of 38 rad, a gain below 0. `verify` finds the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.bundle.description import Limits, ends_of
from trainer_proc.deploy.errors import EXPORT_AGAIN, refused
from trainer_proc.deploy.term_checks import check_limits, check_terms

MOST_RADIANS = 2 * math.pi
"""Largest magnitude of a default position or offset in rad (m)."""
RATES = (1.0, 2000.0)
"""Control rates in Hz."""
_SLACK = 1e-3
"""By how much (rad) a default pose may lie beyond the limits: both are rounded."""
DRIVEN = ("position", "velocity", "effort", "relative_position")
"""Kinds of actions that the runner carries out."""
_DEGREES = "give it in rad, not degrees"


def check_card(card: PolicyCard) -> None:
    """Raise `BundleRefused` for the first field that can't be right, or that the runner can't serve."""
    check_control(card)
    check_terms(card)


def check_control(card: PolicyCard) -> None:
    """Raise `BundleRefused` for the first field of joints, actions, rate and commands that can't be right."""
    _check_joints(card)
    _check_actions(card)
    _check_gains(card)
    _check_rate(card)
    for command in card.commands:
        for part in command.parts:
            if not -math.inf < part.low <= part.high < math.inf:
                got = f"{part.low} to {part.high}"
                raise refused(
                    f"commands.{command.name}.{part.name}", "a finite range, low end first", got, EXPORT_AGAIN
                )


# --- joints ---


def _check_joints(card: PolicyCard) -> None:
    names = card.joint_names
    if not names:
        raise refused(
            "joint_names", "the robot's actuated joints", "none", "export a run of a robot of mjlab or Isaac Lab"
        )
    for field, listed in (("joint_names", names), ("robot_joint_names", card.robot_joint_names)):
        if doubled := sorted({name for name in listed if listed.count(name) > 1}):
            raise refused(field, "each joint once", f"{doubled[0]} twice", EXPORT_AGAIN)
    _check_length("default_joint_positions", card.default_joint_positions, names)
    for field in ("joint_stiffness", "joint_damping", "joint_effort_limits"):
        _check_length(field, getattr(card, field), names)
    for field in ("joint_velocity_limits", "joint_armature", "joint_position_limits"):
        if getattr(card, field):
            _check_length(field, getattr(card, field), names)
    for field in ("robot_joint_positions", "robot_joint_velocities"):
        _check_length(field, getattr(card, field), card.robot_joint_names)
    check_limits("joint_effort_limits", card.joint_effort_limits, names)
    check_limits("joint_position_limits", card.joint_position_limits, names)
    limits = card.joint_position_limits or [None] * len(names)
    for name, position, ends in zip(names, card.default_joint_positions, limits, strict=True):
        _check_position(f"default_joint_positions.{name}", position, ends)


def _check_position(field: str, position: float, ends: Limits | None) -> None:
    if not abs(position) <= MOST_RADIANS:
        raise refused(field, "at most ±2π rad", f"{position:g}", _DEGREES)
    low, high = ends_of(ends)
    if not low - _SLACK <= position <= high + _SLACK:
        raise refused(field, f"{low:.4g} to {high:.4g} rad, the joint's limits", f"{position:g}", EXPORT_AGAIN)


def _check_gains(card: PolicyCard) -> None:
    for field in ("joint_stiffness", "joint_damping", "joint_armature"):
        for name, gain in zip(card.joint_names, getattr(card, field), strict=False):
            if gain is not None and not 0.0 <= gain < math.inf:
                raise refused(f"{field}.{name}", "a finite number from 0", gain, EXPORT_AGAIN)
    for name, speed in zip(card.joint_names, card.joint_velocity_limits, strict=False):
        if speed is not None and not speed > 0.0:
            raise refused(f"joint_velocity_limits.{name}", "more than 0 rad/s", speed, EXPORT_AGAIN)
    gains = dict(zip(card.joint_names, zip(card.joint_stiffness, card.joint_damping, strict=True), strict=True))
    for name, kind in zip(card.action_names, card.action_kinds, strict=False):
        stiffness, damping = gains.get(name, (None, None))
        if kind in ("position", "relative_position") and not stiffness:
            raise refused(f"joint_stiffness.{name}", "more than 0 for a target position", stiffness, EXPORT_AGAIN)
        if kind == "velocity" and not damping:
            raise refused(f"joint_damping.{name}", "more than 0 for a target velocity", damping, EXPORT_AGAIN)


# --- actions ---


def _check_actions(card: PolicyCard) -> None:
    if card.clip_actions is not None and not card.clip_actions > 0.0:
        raise refused("clip_actions", "more than 0", card.clip_actions, EXPORT_AGAIN)
    lists = ("action_names", "action_kinds", "action_scale", "action_offset", "action_clip")
    for field in lists:
        _check_length(field, getattr(card, field), range(card.num_actions))
    if len(set(card.action_names)) != card.num_actions:
        raise refused("action_names", "each joint once", "a joint twice", EXPORT_AGAIN)
    check_limits("action_clip", card.action_clip, card.action_names)
    columns = zip(card.action_names, card.action_kinds, card.action_scale, card.action_offset, strict=True)
    for name, kind, scale, offset in columns:
        if kind not in DRIVEN:
            expected = f"one of {', '.join(DRIVEN)}"
            raise refused(f"action_kinds.{name}", expected, kind, "write a controller of your own for this action")
        if name not in card.joint_names:
            raise refused("action_names", "joints of joint_names", name, EXPORT_AGAIN)
        if scale is None or not math.isfinite(scale) or scale == 0.0:
            raise refused(f"action_scale.{name}", "a finite number that isn't 0", scale, EXPORT_AGAIN)
        if offset is None or not math.isfinite(offset):
            raise refused(f"action_offset.{name}", "a finite number", offset, EXPORT_AGAIN)
        if kind == "position" and abs(offset) > MOST_RADIANS:
            raise refused(f"action_offset.{name}", "at most ±2π rad", f"{offset:g}", _DEGREES)


def _check_rate(card: PolicyCard) -> None:
    rate = card.control_frequency
    low, high = RATES
    if rate is None or not low <= rate <= high:
        raise refused("control_frequency", f"{low:g} to {high:g} Hz", rate, EXPORT_AGAIN)
    step = None if card.physics_dt is None or card.decimation is None else card.physics_dt * card.decimation
    if step is not None and not math.isclose(step * rate, 1.0, rel_tol=1e-3):
        expected = f"1 / ({step:g} s), which physics_dt and decimation give"
        raise refused("control_frequency", expected, f"{rate:g} Hz", EXPORT_AGAIN)


# --- lists ---


def _check_length(field: str, values: Sequence[object], names: Sequence[object]) -> None:
    if len(values) != len(names):
        raise refused(field, f"{len(names)} entries", len(values), EXPORT_AGAIN)
