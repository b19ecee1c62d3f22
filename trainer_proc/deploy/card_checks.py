"""Checks the numbers of a card before they move a robot: lengths, units and ranges.

A wrong unit or order is found here only if it shows: a pose of 38 rad, a gain below 0. `verify` finds the others.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal

from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.bundle.description import STANDING_COMMAND, Limits, ObservationTerm, ends_of
from trainer_proc.deploy.errors import EXPORT_AGAIN, BundleRefused, refused

MOST_RADIANS = 2 * math.pi
"""Largest magnitude of a default position or offset in rad (m)."""
RATES = (1.0, 2000.0)
"""Control rates in Hz."""
_SLACK = 1e-3
"""By how much (rad) a default pose may lie beyond the limits: both are rounded."""
DRIVEN = ("position", "velocity", "effort", "relative_position")
"""Kinds of actions that the runner carries out."""
MOTION_OUTPUTS = ("joint_pos", "joint_vel", "body_quat_w")
"""Outputs of a tracking policy's network that the terms of its motion need."""
MOTION_POSITIONS = "body_pos_w"
"""Output with the positions of the tracked bodies, which a comparison and `motion_anchor_pos_b` need."""
MotionTerm = Literal["joints", "anchor_position", "anchor_orientation", "body_positions", "body_orientations"]
_MOTION_TERMS: dict[str, MotionTerm] = {
    "generated_commands": "joints",
    "motion_anchor_pos_b": "anchor_position",
    "motion_anchor_ori_b": "anchor_orientation",
    "robot_body_pos_b": "body_positions",
    "robot_body_ori_b": "body_orientations",
}
"""By the function of mjlab's tracking tasks."""
_DEGREES = "give it in rad, not degrees"


def check_card(card: PolicyCard) -> None:
    """Raise `BundleRefused` for the first field that can't be right, or that the runner can't serve."""
    check_control(card)
    _check_terms(card)


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
    _check_limits("joint_effort_limits", card.joint_effort_limits, names)
    _check_limits("joint_position_limits", card.joint_position_limits, names)
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
    _check_limits("action_clip", card.action_clip, card.action_names)
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


# --- observations ---


def _check_terms(card: PolicyCard) -> None:
    if card.image_inputs:
        raise refused(
            "image_inputs", "none", ", ".join(card.image_inputs), "run this policy with its camera's own code"
        )
    if not card.observation_terms:
        raise refused("observation_terms", "the policy's terms", "none", EXPORT_AGAIN)
    for term in card.observation_terms:
        if problem := not_made(term, card):
            raise problem
    check_forms(card)


def check_forms(card: PolicyCard) -> None:
    """Raise `BundleRefused` for the first term whose sizes, scale or limits can't be right."""
    for term in card.observation_terms:
        _check_form(term, card)
    if (described := sum(term.size for term in card.observation_terms)) != card.observation_size:
        raise refused("observation_terms", f"{card.observation_size} numbers in all", described, EXPORT_AGAIN)
    for group in {term.group for term in card.observation_terms if term.history_order == "time"}:
        lengths = {term.history_length for term in card.observation_terms if term.group == group}
        if len(lengths) > 1:
            got = ", ".join(map(str, sorted(lengths)))
            raise refused(
                f"observation_terms of {group}: history_length", "the same in an order by time", got, EXPORT_AGAIN
            )


def _check_form(term: ObservationTerm, card: PolicyCard) -> None:
    field = f"observation_terms.{term.name}"
    steps = max(1, term.history_length)
    if term.size < 1 or term.size % steps:
        raise refused(f"{field}.size", f"a multiple of history_length {steps}", term.size, EXPORT_AGAIN)
    if len(term.scale) not in (1, term.step_size):
        raise refused(f"{field}.scale", f"1 or {term.step_size} factors", len(term.scale), EXPORT_AGAIN)
    if not all(math.isfinite(factor) and factor != 0.0 for factor in term.scale):
        raise refused(f"{field}.scale", "finite factors that aren't 0", term.scale, EXPORT_AGAIN)
    _check_limits(f"{field}.clip", [term.clip], [""])
    if (expected := _sizes(term, card)) and term.step_size != expected:
        raise refused(f"{field}.size", f"{expected} numbers of a {term.quantity}", term.step_size, EXPORT_AGAIN)
    if unknown := [joint for joint in term.joints if joint not in card.robot_joint_names]:
        raise refused(f"{field}.joints", "joints of robot_joint_names", unknown[0], EXPORT_AGAIN)


def not_made(term: ObservationTerm, card: PolicyCard) -> BundleRefused | None:
    """Return why the runner can't make a term; None if it can."""
    field = f"observation_terms.{term.name}"
    if motion_term(term):
        return _motion_not_made(field, term, card)
    if term.quantity == "phase":
        return _phase_not_made(field, term, card)
    if term.quantity in ("", "motion"):
        got = f"{term.function or term.quantity or 'an unknown function'}, which only the training's code makes"
        return refused(field, "a quantity that a controller can make", got, "train without this term")
    if term.modifiers:
        return refused(f"{field}.modifiers", "none", term.modifiers[0].get("function"), "train without it")
    if term.quantity in ("joint_pos", "joint_vel") and not term.joints:
        return refused(f"{field}.joints", "the joints that it lists", "none", EXPORT_AGAIN)
    if term.quantity == "height_scan" and card.height_map is None:
        return refused(field, "a height_map that describes it", "none", EXPORT_AGAIN)
    if term.quantity == "command" and term.command not in {command.name for command in card.commands}:
        return refused(f"{field}.command", "a command of commands", repr(term.command), EXPORT_AGAIN)
    return None


def _phase_not_made(field: str, term: ObservationTerm, card: PolicyCard) -> BundleRefused | None:
    period = term.parameters.get("period")
    if not isinstance(period, int | float) or not 0.0 < period < math.inf:
        return refused(f"{field}.parameters.period", "seconds, more than 0", period, EXPORT_AGAIN)
    least = term.parameters.get("command_threshold", STANDING_COMMAND)
    if not isinstance(least, int | float) or not math.isfinite(least):
        return refused(f"{field}.parameters.command_threshold", "a finite number", least, EXPORT_AGAIN)
    if term.command and term.command not in {command.name for command in card.commands if command.parts}:
        return refused(f"{field}.command", "a command of commands", repr(term.command), EXPORT_AGAIN)
    return None


def motion_term(term: ObservationTerm) -> MotionTerm | None:
    """Return which term of a tracked motion it is; None for one that a controller can't make, or another quantity."""
    return _MOTION_TERMS.get(term.function.rpartition(":")[2]) if term.quantity == "motion" else None


def _motion_not_made(field: str, term: ObservationTerm, card: PolicyCard) -> BundleRefused | None:
    commands = {command.name: command for command in card.commands if command.kind == "motion"}
    command = commands.get(term.command)
    if command is None or command.body not in command.bodies:
        return refused(f"{field}.command", "a motion of commands with its anchor", repr(term.command), EXPORT_AGAIN)
    positions = (MOTION_POSITIONS,) if motion_term(term) == "anchor_position" else ()
    if missing := [name for name in (*MOTION_OUTPUTS, *positions) if name not in card.task_outputs]:
        return refused("task_outputs", f"{missing[0]} of the motion", "none", EXPORT_AGAIN)
    if not card.robot_model:
        return refused("robot_model", "the robot's MuJoCo model, for the anchor's pose", "none", EXPORT_AGAIN)
    return None


def _sizes(term: ObservationTerm, card: PolicyCard) -> int:
    """Return how many numbers a term has in one step; 0 if that isn't fixed."""
    match term.quantity:
        case "base_lin_vel" | "base_ang_vel" | "projected_gravity":
            return 3
        case "joint_pos" | "joint_vel":
            return len(term.joints)
        case "phase":
            return 2
        case "motion":
            return _motion_size(term, card)
        case "height_scan":
            return len(card.height_map.points) if card.height_map is not None else 0
        case "command":
            return next((len(command.parts) for command in card.commands if command.name == term.command), 0)
        case "last_action":
            action = term.parameters.get("action_name")
            parts = {part.name: part.size for part in card.action_terms}
            return card.num_actions if action is None else parts.get(action, card.num_actions)
        case _:
            return 0


def _motion_size(term: ObservationTerm, card: PolicyCard) -> int:
    bodies = next((len(command.bodies) for command in card.commands if command.name == term.command), 0)
    match motion_term(term):
        case "joints":
            return 2 * len(card.robot_joint_names)
        case "anchor_position":
            return 3
        case "anchor_orientation":
            return 6
        case "body_positions":
            return 3 * bodies
        case "body_orientations":
            return 6 * bodies
        case _:
            return 0


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


def _check_limits(field: str, limits: Iterable[Limits | None], names: Sequence[str]) -> None:
    for name, ends in zip(names, limits, strict=False):
        low, high = ends_of(ends)
        if not low < high:
            place = f"{field}.{name}" if name else field
            raise refused(place, "the low end first", f"{low:g}, {high:g}", EXPORT_AGAIN)
