"""What all formats demand of a policy: the first field that a controller can't run is refused by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from curricula.schema import SchemaError
from presets.robots import Robot, find_robot
from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.bundle.description import Command, ObservationTerm, Quantity
from trainer_proc.contract.bundle.gate import VELOCITY_PARTS
from trainer_proc.deploy.card_checks import check_control
from trainer_proc.deploy.errors import EXPORT_AGAIN, refused
from trainer_proc.deploy.term_checks import check_forms

_TRAIN_WITHOUT = "train without it"


def check_network(card: PolicyCard, *, task_inputs: Sequence[str] = ()) -> None:
    """Refuse networks with other inputs than a vector and `task_inputs`."""
    if card.image_inputs:
        raise refused(
            "image_inputs", "none: the controller has no camera", ", ".join(card.image_inputs), _TRAIN_WITHOUT
        )
    if card.recurrent_inputs:
        got = ", ".join(card.recurrent_inputs)
        raise refused(
            "recurrent_inputs", "none: the controller keeps no state", got, "train an MLP, with history instead"
        )
    if list(card.task_inputs) != list(task_inputs):
        expected = ", ".join(task_inputs) or "none: the controller knows the policy's observation only"
        raise refused("task_inputs", expected, ", ".join(card.task_inputs) or "none", "choose another format")


def check_actions(card: PolicyCard) -> None:
    """Refuse actions that aren't target positions of joints with known gains, and numbers that can't be right."""
    check_control(card)
    for name, kind in zip(card.action_names, card.action_kinds, strict=True):
        if kind != "position":
            raise refused(f"action_kinds.{name}", "position", kind, "train with target positions of joints")
        if gains(card)[name][1] is None:
            raise refused(f"joint_damping.{name}", "a known gain", "none", EXPORT_AGAIN)


def check_terms(card: PolicyCard, known: Mapping[Quantity, str]) -> None:
    """Refuse terms of other quantities than `known`, with the program's names, and what no controller computes."""
    if not card.observation_terms:
        raise refused("observation_terms", "the policy's terms", "none", EXPORT_AGAIN)
    for term in card.observation_terms:
        field = f"observation_terms.{term.name}"
        if term.quantity not in known:
            expected = f"one of {', '.join(known.values())}"
            raise refused(field, expected, term.quantity or term.name, _TRAIN_WITHOUT)
        if term.modifiers:
            raise refused(f"{field}.modifiers", "none", term.modifiers[0].get("function"), _TRAIN_WITHOUT)
        if term.quantity in ("joint_pos", "joint_vel"):
            _check_joints(term, card)
        if term.quantity == "last_action" and term.step_size != card.num_actions:
            raise refused(field, f"all {card.num_actions} actions", term.step_size, _TRAIN_WITHOUT)
    check_forms(card)


def _check_joints(term: ObservationTerm, card: PolicyCard) -> None:
    field = f"observation_terms.{term.name}"
    if not term.joints:
        raise refused(f"{field}.joints", "the joints that it lists", "none", EXPORT_AGAIN)
    if others := [joint for joint in term.joints if joint not in card.action_names]:
        raise refused(f"{field}.joints", "joints that the policy drives", others[0], _TRAIN_WITHOUT)
    if term.quantity == "joint_pos" and not term.relative:
        raise refused(f"{field}.relative", "positions relative to the default pose", "absolute ones", _TRAIN_WITHOUT)
    speeds = dict(zip(card.robot_joint_names, card.robot_joint_velocities, strict=False))
    if term.quantity == "joint_vel" and term.relative and any(speeds.get(joint) for joint in term.joints):
        raise refused("robot_joint_velocities", "0 rad/s, which the controller assumes", "others", _TRAIN_WITHOUT)


def velocity_command(card: PolicyCard) -> Command:
    """Return the command of a policy that is asked for a velocity. Raises `BundleRefused` for any other."""
    if len(card.commands) != 1 or card.commands[0].kind != "velocity":
        got = ", ".join(f"{command.name} ({command.kind})" for command in card.commands) or "none"
        raise refused("commands", "one velocity command", got, "choose another format")
    command = card.commands[0]
    if tuple(part.name for part in command.parts) != VELOCITY_PARTS:
        got = ", ".join(part.name for part in command.parts) or "no parts"
        raise refused(f"commands.{command.name}.parts", ", ".join(VELOCITY_PARTS), got, EXPORT_AGAIN)
    return command


def gains(card: PolicyCard) -> dict[str, tuple[float | None, float | None]]:
    """Return stiffness (N·m/rad) and damping (N·m·s/rad) by joint."""
    pairs = zip(card.joint_stiffness, card.joint_damping, strict=True)
    return dict(zip(card.joint_names, pairs, strict=True))


def known(values: Sequence[float | None]) -> list[float]:
    """Return values that have been checked to be numbers."""
    return [value for value in values if value is not None]


def default_pose(card: PolicyCard) -> list[float]:
    """Return the default position (rad) of each action's joint."""
    pose = dict(zip(card.joint_names, card.default_joint_positions, strict=True))
    return [pose[name] for name in card.action_names]


def robot_of(card: PolicyCard) -> Robot:
    """Return the robot that the policy is for. Raises `BundleRefused` if its motors' order is unknown."""
    remedy = "name it in the preset's [deploy] robot"
    if not card.robot:
        raise refused("robot", "a robot whose order of motors is known", "none", remedy)
    try:
        return find_robot(card.robot)
    except SchemaError as error:
        raise refused("robot", "a robot whose order of motors is known", error, remedy) from error


def check_unclipped(card: PolicyCard) -> None:
    """Refuse limits of scaled actions, for a controller that has none."""
    if any(card.action_clip):
        raise refused("action_clip", "no limits: the controller has none", "limits", "train without them")
