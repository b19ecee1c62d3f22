"""Format `unitree`: a policy's folder for Unitree's C++ controller, `params/deploy.yaml` and `exported/policy.onnx`.

Sources: `deploy/include/isaaclab` of unitreerobotics/unitree_rl_lab at e72a072 and of unitreerobotics/unitree_rl_mjlab
at 5b7e396, which read the same file. `manager_based_rl_env.h` reads `joint_ids_map` (motor of each of the policy's
joints), `default_joint_pos` in the policy's order, and `stiffness` and `damping` in the motors' order, which
`State_RLBase.h` sends to all motors. `joint_actions.h` computes action · scale + offset, then the clip.
`observation_manager.h` clips each term, then scales it, and concatenates term by term, the oldest step first.
"""

from __future__ import annotations

import math
from typing import Any

from presets.robots import Robot
from trainer_proc.contract.bundle.card import ONNX, PolicyCard
from trainer_proc.contract.bundle.description import ObservationTerm, Quantity, ends_of
from trainer_proc.deploy.errors import EXPORT_AGAIN, refused
from trainer_proc.formats.checks import (
    check_actions,
    check_network,
    check_terms,
    default_pose,
    gains,
    known,
    robot_of,
    velocity_command,
)
from trainer_proc.formats.files import FormatFiles, Source, yaml_text
from trainer_proc.formats.frames import check_frames
from trainer_proc.formats.graph import limited

TERMS: dict[Quantity, str] = {
    "base_ang_vel": "base_ang_vel",
    "projected_gravity": "projected_gravity",
    "command": "velocity_commands",
    "joint_pos": "joint_pos_rel",
    "joint_vel": "joint_vel_rel",
    "last_action": "last_action",
}
"""The controller's name of each term. Its `gait_phase` runs two steps ahead of a training's, and isn't written."""


def unitree(source: Source) -> FormatFiles:
    """Return the controller's folder. Raises `BundleRefused`."""
    card = source.card
    check_network(card)
    check_terms(card, TERMS)
    check_actions(card)
    robot = robot_of(card)
    check_frames(card, source.robot_model, robot.imu)
    motors = [_motor(robot, name) for name in card.action_names]
    content = {
        "joint_ids_map": motors,
        "step_dt": 1.0 / (card.control_frequency or math.nan),
        **_gains(card, robot),
        "default_joint_pos": default_pose(card),
        "commands": {"base_velocity": {"ranges": _ranges(card)}},
        "actions": {"JointPositionAction": _action(card)},
        "observations": _observations(card),
    }
    model = limited(source.network, card.clip_actions, card.num_actions)
    return FormatFiles({"params/deploy.yaml": yaml_text(content), f"exported/{ONNX}": model})


def _motor(robot: Robot, joint: str) -> int:
    if joint not in robot.motors:
        raise refused("action_names", f"joints of {robot.name}", joint, "name the right robot in [deploy] robot")
    return robot.motors[joint]


def _gains(card: PolicyCard, robot: Robot) -> dict[str, list[float]]:
    """Return the gains of all motors in their order; numbers without a motor have 0."""
    count = max(robot.motors.values()) + 1
    lists = {"stiffness": [0.0] * count, "damping": [0.0] * count}
    by_joint = gains(card)
    for joint, motor in robot.motors.items():
        for values, value in zip(lists.values(), by_joint.get(joint, (None, None)), strict=True):
            if value is None:  # the controller would leave this motor without any torque
                raise refused(f"joint_stiffness.{joint}", f"gains of all motors of {robot.name}", "none", EXPORT_AGAIN)
            values[motor] = value
    return lists


def _ranges(card: PolicyCard) -> dict[str, Any]:
    parts = velocity_command(card).parts
    return {**{part.name: [part.low, part.high] for part in parts}, "heading": None}


def _action(card: PolicyCard) -> dict[str, Any]:
    clips = card.action_clip if any(card.action_clip) else None
    return {
        "clip": None if clips is None else [list(ends_of(clip)) for clip in clips],
        "joint_names": list(card.action_names),
        "scale": known(card.action_scale),
        "offset": known(card.action_offset),
        "joint_ids": None,
    }


def _observations(card: PolicyCard) -> dict[str, Any]:
    terms: dict[str, Any] = {}
    for term in card.observation_terms:
        name = TERMS[term.quantity]
        if name in terms:
            raise refused(f"observation_terms.{term.name}", f"{name} once", "twice", "train without it")
        terms[name] = _term(term, card)
    orders = {term.history_order for term in card.observation_terms if term.history_length > 1}
    if orders == {"time"}:
        if len({(term.group, term.history_length) for term in card.observation_terms}) > 1:
            got = "several"
            raise refused("observation_terms: history_length", "one for all in an order by time", got, "train with one")
        terms["use_gym_history"] = True  # read by unitree_rl_mjlab; unitree_rl_lab refuses it
    elif "time" in orders:
        raise refused("observation_terms: history_order", "one for all terms", "both", "train with one")
    return terms


def _term(term: ObservationTerm, card: PolicyCard) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    if term.quantity == "command":
        parameters["command_name"] = "base_velocity"
    if term.quantity == "joint_vel" and term.joints != card.action_names:  # unitree_rl_lab ignores `joint_ids` here
        field = f"observation_terms.{term.name}.joints"
        raise refused(field, "the joints of the actions, in their order", "others", "train with all of them")
    if term.quantity == "joint_pos" and term.joints != card.action_names:
        parameters["asset_cfg"] = {"joint_ids": [card.action_names.index(joint) for joint in term.joints]}
    scale = term.scale if len(term.scale) > 1 else term.scale * term.step_size
    return {
        "params": parameters,
        "clip": None if term.clip is None else list(ends_of(term.clip)),
        "scale": list(scale),
        "history_length": max(1, term.history_length),
    }
