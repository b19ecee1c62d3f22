"""Checks the observation terms of a card: which ones a controller can make, and whether their sizes can be right."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal

from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.bundle.description import STANDING_COMMAND, Limits, ObservationTerm, ends_of
from trainer_proc.deploy.errors import EXPORT_AGAIN, BundleRefused, refused

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


def check_terms(card: PolicyCard) -> None:
    """Raise `BundleRefused` for the first observation term that can't be right, or that the runner can't make."""
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
    check_limits(f"{field}.clip", [term.clip], [""])
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


def check_limits(field: str, limits: Iterable[Limits | None], names: Sequence[str]) -> None:
    """Raise `BundleRefused` if the ends of a pair of limits are not in order."""
    for name, ends in zip(names, limits, strict=False):
        low, high = ends_of(ends)
        if not low < high:
            place = f"{field}.{name}" if name else field
            raise refused(place, "the low end first", f"{low:g}, {high:g}", EXPORT_AGAIN)
