"""Format `holosoma`: a network for holosoma's locomotion policy of the Unitree G1, with its JSON metadata.

Source: `src/holosoma_inference` of amazon-far/holosoma at fc600e7 (0.1.0), `policies/base.py`, `policies/locomotion.py`
and `config/config_values`. It reads `kp` and `kd` from the metadata, each value as JSON; its training's exporter also
writes `dof_names`, `command_ranges` and `iteration`. Everything else is in its configuration `inference:g1-29dof-loco`:
it sorts the terms by name, scales them, and adds `action · 0.25` to its own default pose. The network is fitted to that
configuration: it reorders and rescales the observation, and returns actions in the controller's unit.
"""

from __future__ import annotations

import json

from trainer_proc.contract.bundle.card import ONNX, PolicyCard
from trainer_proc.contract.bundle.description import Quantity
from trainer_proc.deploy.errors import refused
from trainer_proc.formats.checks import (
    check_actions,
    check_network,
    check_terms,
    check_unclipped,
    default_pose,
    gains,
    known,
    robot_of,
    velocity_command,
)
from trainer_proc.formats.entries import Entry, entries
from trainer_proc.formats.files import FormatFiles, Source
from trainer_proc.formats.frames import check_frames
from trainer_proc.formats.graph import Reading, Writing, fitted

ROBOT = "unitree-g1-29dof"
"""The one of its robots that this program knows too."""
DEFAULT_POSE = {
    **dict.fromkeys(("left_hip_pitch_joint", "right_hip_pitch_joint"), -0.312),
    **dict.fromkeys(("left_knee_joint", "right_knee_joint"), 0.669),
    **dict.fromkeys(("left_ankle_pitch_joint", "right_ankle_pitch_joint"), -0.363),
    **dict.fromkeys(("left_shoulder_pitch_joint", "right_shoulder_pitch_joint", "left_shoulder_roll_joint"), 0.2),
    "right_shoulder_roll_joint": -0.2,
    **dict.fromkeys(("left_elbow_joint", "right_elbow_joint"), 0.6),
}
"""Its `default_dof_angles` in rad; 0 for all other joints."""
ACTION_SCALE = 0.25
RATE = 50.0
"""Its `rl_rate` in Hz."""
TERMS = {
    "actions": (29, 1.0),
    "base_ang_vel": (3, 0.25),
    "command_ang_vel": (1, 1.0),
    "command_lin_vel": (2, 1.0),
    "cos_phase": (2, 1.0),
    "dof_pos": (29, 1.0),
    "dof_vel": (29, 0.05),
    "projected_gravity": (3, 1.0),
    "sin_phase": (2, 1.0),
}
"""Size and scale of its terms, in its order. The phases, which our policies don't see, are left unused."""
QUANTITIES: dict[Quantity, str] = {
    "base_ang_vel": "base_ang_vel",
    "projected_gravity": "projected_gravity",
    "command": "command_lin_vel and command_ang_vel",
    "joint_pos": "dof_pos",
    "joint_vel": "dof_vel",
    "last_action": "actions",
}


def holosoma(source: Source) -> FormatFiles:
    """Return the network. Raises `BundleRefused`."""
    card = source.card
    check_network(card)
    check_terms(card, QUANTITIES)
    check_actions(card)
    check_frames(card, source.robot_model, robot_of(card).imu)
    joints = _joints(card)
    ranges = {part.name: [part.low, part.high] for part in velocity_command(card).parts}
    history = max((max(1, term.history_length) for term in card.observation_terms), default=1)
    stiffness, damping = zip(*(gains(card)[joint] for joint in joints), strict=True)
    facts = {
        "dof_names": joints,
        "kp": stiffness,
        "kd": damping,
        "command_ranges": {
            "lin_vel_x": ranges["lin_vel_x"],
            "lin_vel_y": ranges["lin_vel_y"],
            "ang_vel_yaw": ranges["ang_vel_z"],
        },
        "iteration": card.iteration,
    }
    metadata = {key: json.dumps(value) for key, value in facts.items()}
    model = fitted(source.network, metadata, _reading(card, joints, history), _writing(card, joints))
    return FormatFiles({ONNX: model}, _notes(card, history))


def _joints(card: PolicyCard) -> list[str]:
    """Return the joints in the order of the motors, which is the controller's."""
    robot = robot_of(card)
    if robot.name != ROBOT:
        raise refused("robot", ROBOT, robot.name, "choose another format")
    if missing := [joint for joint in robot.joints if joint not in card.action_names]:
        raise refused("action_names", f"all joints of {ROBOT}", f"none for {missing[0]}", "train with all joints")
    check_unclipped(card)
    if card.control_frequency != RATE:
        raise refused("control_frequency", f"{RATE:g} Hz", card.control_frequency, "choose another format")
    return robot.joints


def _notes(card: PolicyCard, history: int) -> tuple[str, ...]:
    start = "holosoma: start it with inference:g1-29dof-loco"
    if history == 1:
        return (start,)
    return (
        f"{start} and a history_length_dict of actor_obs={history} in its configuration; its history begins with zeros",
    )


# --- the observation ---


def _reading(card: PolicyCard, joints: list[str], history: int) -> Reading:
    """Return how each number is made from the controller's vector: term by term, the oldest step first."""
    starts: dict[str, int] = {}
    size = 0
    for name, (count, _) in TERMS.items():
        starts[name] = size
        size += count * history
    numbers = entries(card.observation_terms)
    places = [_place(entry, joints, card) for entry in numbers]
    units = [_unit(entry, name, card) for entry, (name, _) in zip(numbers, places, strict=True)]
    return Reading(
        name="actor_obs",
        size=size,
        indices=[
            starts[name] + (history - 1 - entry.age) * TERMS[name][0] + component
            for entry, (name, component) in zip(numbers, places, strict=True)
        ],
        factor=[factor for factor, _ in units],
        shift=[shift for _, shift in units],
        low=[entry.clip[0] for entry in numbers],
        high=[entry.clip[1] for entry in numbers],
        scale=[entry.scale for entry in numbers],
    )


def _place(entry: Entry, joints: list[str], card: PolicyCard) -> tuple[str, int]:
    """Return the controller's term and which of its numbers this is."""
    match entry.term.quantity:
        case "command":
            return ("command_lin_vel", entry.component) if entry.component < 2 else ("command_ang_vel", 0)
        case "joint_pos" | "joint_vel":
            return QUANTITIES[entry.term.quantity], joints.index(entry.term.joints[entry.component])
        case "last_action":
            return "actions", joints.index(card.action_names[entry.component])
        case _:
            return QUANTITIES[entry.term.quantity], entry.component


def _unit(entry: Entry, name: str, card: PolicyCard) -> tuple[float, float]:
    """Return factor and shift from the controller's number to the policy's, before clip and scale."""
    factor = 1.0 / TERMS[name][1]
    if name == "dof_pos":
        joint = entry.term.joints[entry.component]
        return factor, DEFAULT_POSE.get(joint, 0.0) - dict(zip(card.action_names, default_pose(card), strict=True))[
            joint
        ]
    if name == "actions":
        multiply, add = _action_unit(card, entry.component)
        return 1.0 / multiply, -add / multiply
    return factor, 0.0


# --- the action ---


def _writing(card: PolicyCard, joints: list[str]) -> Writing:
    indices = [card.action_names.index(joint) for joint in joints]
    units = [_action_unit(card, index) for index in indices]
    return Writing(indices, [unit[0] for unit in units], [unit[1] for unit in units], card.clip_actions, "action")


def _action_unit(card: PolicyCard, index: int) -> tuple[float, float]:
    """Return factor and shift from the policy's action to the controller's."""
    scale, offset = known(card.action_scale)[index], known(card.action_offset)[index]
    return scale / ACTION_SCALE, (offset - DEFAULT_POSE.get(card.action_names[index], 0.0)) / ACTION_SCALE
