"""Format `beyondmimic`: a tracking policy for BeyondMimic's motion tracking controller, with its metadata.

Sources: `src/MotionOnnxPolicy.cpp` and `src/MotionTrackingController.cpp` of HybridRobotics/motion_tracking_controller
at 6beda6d; the exporter `utils/exporter.py` of HybridRobotics/whole_body_tracking at cd65172; headers of the library
legged_control2 3.2.2 in its published documentation, whose own source isn't public. Lists are text with commas, as of
`parseCsv`. The controller observes joints in the order of `joint_names`, relative to `default_joint_pos`, repeats
the first value in a history, and knows neither scales nor clips: those become part of the network.
"""

from __future__ import annotations

from collections.abc import Sequence

from trainer_proc.contract.bundle.card import ONNX, PolicyCard
from trainer_proc.contract.bundle.description import Command, ObservationTerm, Quantity
from trainer_proc.deploy.errors import EXPORT_AGAIN, refused
from trainer_proc.formats.checks import (
    check_actions,
    check_network,
    check_terms,
    check_unclipped,
    default_pose,
    gains,
    known,
)
from trainer_proc.formats.entries import Entry, entries
from trainer_proc.formats.files import FormatFiles, Source
from trainer_proc.formats.frames import check_frames
from trainer_proc.formats.graph import Reading, Writing, fitted

OUTPUTS = ("joint_pos", "joint_vel", "body_pos_w", "body_quat_w")
"""Outputs of the reference motion that the controller reads beside `actions`."""
TERMS: dict[Quantity, str] = {
    "motion": "command, motion_anchor_pos_b, motion_anchor_ori_b, robot_body_pos, robot_body_ori",
    "base_lin_vel": "base_lin_vel",
    "base_ang_vel": "base_ang_vel",
    "joint_pos": "joint_pos",
    "joint_vel": "joint_vel",
    "last_action": "actions",
}
MOTION = {
    "generated_commands": "command",
    "motion_anchor_pos_b": "motion_anchor_pos_b",
    "motion_anchor_ori_b": "motion_anchor_ori_b",
    "robot_body_pos_b": "robot_body_pos",
    "robot_body_ori_b": "robot_body_ori",
}
"""The controller's names of what depends on the motion, by the training's function."""
_DECIMALS = 9


def beyondmimic(source: Source) -> FormatFiles:
    """Return the network. Raises `BundleRefused`."""
    card = source.card
    command = _motion(card)
    check_network(card, task_inputs=["time_step"])
    if missing := [output for output in OUTPUTS if output not in card.task_outputs]:
        raise refused("task_outputs", ", ".join(OUTPUTS), f"no {missing[0]}", EXPORT_AGAIN)
    check_terms(card, TERMS)
    check_actions(card)
    check_frames(card, source.robot_model, card.base_body)
    check_unclipped(card)
    names = [_name(term, card) for term in card.observation_terms]
    stiffness, damping = zip(*(gains(card)[joint] for joint in card.action_names), strict=True)
    metadata = {
        "run_path": card.run,
        "joint_names": ",".join(card.action_names),
        "joint_stiffness": _numbers(stiffness),
        "joint_damping": _numbers(damping),
        "default_joint_pos": _numbers(default_pose(card)),
        "command_names": "motion",
        "observation_names": ",".join(names),
        "observation_history_lengths": ",".join(str(max(1, term.history_length)) for term in card.observation_terms),
        "action_scale": _numbers(known(card.action_scale)),
        "anchor_body_name": command.body,
        "body_names": ",".join(command.bodies),
    }
    shifts = [offset - pose for offset, pose in zip(known(card.action_offset), default_pose(card), strict=True)]
    shifts = [shift / scale for shift, scale in zip(shifts, known(card.action_scale), strict=True)]
    count = card.num_actions
    writing = Writing(range(count), [1.0] * count, shifts, card.clip_actions)
    return FormatFiles({ONNX: fitted(source.network, metadata, _reading(card, writing), writing)})


def _motion(card: PolicyCard) -> Command:
    command = next((command for command in card.commands if command.kind == "motion"), None)
    if command is None or len(card.commands) != 1:
        got = ", ".join(f"{command.name} ({command.kind})" for command in card.commands) or "none"
        raise refused("commands", "one motion to track", got, "choose another format")
    if not command.body or command.body not in command.bodies:
        field = f"commands.{command.name}.body"
        raise refused(field, "the anchor, one of the tracked bodies", command.body or "none", EXPORT_AGAIN)
    return command


def _name(term: ObservationTerm, card: PolicyCard) -> str:
    """Return the controller's name of a term."""
    field = f"observation_terms.{term.name}"
    if term.history_order == "time" and term.history_length > 1:
        raise refused(f"{field}.history_order", "term", "time", "train with histories by term")
    if term.quantity in ("joint_pos", "joint_vel") and term.joints != card.action_names:
        raise refused(f"{field}.joints", "the joints of the actions, in their order", "others", "train without it")
    if term.quantity == "motion":
        function = term.function.rpartition(":")[2]
        if function not in MOTION:
            raise refused(field, f"one of {', '.join(MOTION)}", function or "an unknown function", "train without it")
        return MOTION[function]
    return TERMS[term.quantity]


def _reading(card: PolicyCard, writing: Writing) -> Reading:
    numbers = entries(card.observation_terms)
    size = len(numbers)
    return Reading(
        size=size,
        indices=list(range(size)),
        factor=[1.0] * size,
        shift=[_shift(entry, writing) for entry in numbers],
        low=[entry.clip[0] for entry in numbers],
        high=[entry.clip[1] for entry in numbers],
        scale=[entry.scale for entry in numbers],
    )


def _shift(entry: Entry, writing: Writing) -> float:
    """Return what turns the controller's last action into the policy's."""
    return 0.0 - writing.shift[entry.component] if entry.term.quantity == "last_action" else 0.0


def _numbers(values: Sequence[float | None]) -> str:
    return ",".join(f"{value:.{_DECIMALS}f}" for value in values)
