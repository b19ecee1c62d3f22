"""Format `gaitkeeper`: the contract of a policy for the checks of gaitkeeper, and a MuJoCo scene with ground.

Source: the package gaitkeeper 0.5.4, `contract.py` (schema `gaitkeeper/contract/v3`), `checks.py` and `runner.py`. Its
readers of ONNX metadata and of `deploy.yaml` know neither effort limits nor the simulator's step, so its check S19 is
skipped with them. A contract has both.
"""

from __future__ import annotations

from typing import Any

from trainer_proc.contract.bundle.card import ONNX, ROBOT_MODEL, PolicyCard
from trainer_proc.contract.bundle.description import ObservationTerm, Quantity, ends_of
from trainer_proc.deploy.errors import EXPORT_AGAIN, refused
from trainer_proc.formats.checks import (
    check_actions,
    check_network,
    check_terms,
    default_pose,
    gains,
    known,
    velocity_command,
)
from trainer_proc.formats.files import FormatFiles, Source, yaml_text
from trainer_proc.formats.frames import check_frames, parsed

SCHEMA = "gaitkeeper/contract/v3"
CONTRACT, SCENE = "contract.yaml", "scene.xml"
TERMS: dict[Quantity, str] = {
    "base_lin_vel": "base_lin_vel",
    "base_ang_vel": "base_ang_vel",
    "projected_gravity": "projected_gravity",
    "command": "velocity_commands",
    "joint_pos": "joint_pos_rel",
    "joint_vel": "joint_vel_rel",
    "last_action": "last_action",
}
_AXES = {"vx": "lin_vel_x", "vy": "lin_vel_y", "wz": "ang_vel_z"}
_GROUND = f"""<mujoco model="robot on flat ground">
  <include file="../{ROBOT_MODEL}"/>
  <worldbody>
    <light pos="0 0 3" dir="0 0 -1" directional="true"/>
    <geom name="floor" type="plane" size="0 0 0.05"/>
  </worldbody>
</mujoco>
"""


def gaitkeeper(source: Source) -> FormatFiles:
    """Return the contract, and a scene if the bundle has the robot's model. Raises `BundleRefused`."""
    card = source.card
    check_network(card)
    check_terms(card, TERMS)
    check_actions(card)
    check_frames(card, source.robot_model, card.base_body)
    if card.clip_actions is not None:
        raise refused("clip_actions", "none: gaitkeeper doesn't limit actions", card.clip_actions, "train without it")
    content = {
        "schema": SCHEMA,
        "source": {
            "format": "humanoid-tui",
            "framework": {"name": card.backend, "version": card.versions.get(card.backend)},
            "run_path": card.run,
            "files": [{"path": ONNX, "sha256": card.onnx_sha256}],
        },
        "timing": _timing(card),
        "policy_io": _policy_io(card),
        "control": _control(source),
        "model": _model(card),
        "evidence": {"level": "L0", "golden": None},
    }
    content["provenance"] = _provenance(content)
    files = {CONTRACT: yaml_text(content)}
    return FormatFiles(files | ({SCENE: _GROUND.encode()} if card.robot_model else {}))


def _timing(card: PolicyCard) -> dict[str, Any]:
    return {
        "policy_dt": 1.0 / (card.control_frequency or 1.0),
        "sim_dt": card.physics_dt,
        "decimation": card.decimation,
        "order": ["obs", "infer", "target", "pd", "step"],
        "target_hold": "zoh",
    }


def _policy_io(card: PolicyCard) -> dict[str, Any]:
    command = velocity_command(card)
    ranges = {part.name: [part.low, part.high] for part in command.parts}
    limit = {axis: ranges[name] for axis, name in _AXES.items()}
    history, layout = _history(card)
    return {
        "joints": {"names": list(card.action_names)},
        "imu": {"body": card.base_body or None, "frame": "body", "rotation_in_root": [1.0, 0.0, 0.0, 0.0]},
        "graph": {
            "inputs": [{"name": "obs", "shape": [1, card.observation_size]}],
            "outputs": [{"name": "actions", "shape": [1, card.num_actions]}],
            "recurrent": [],
        },
        "observation_groups": {
            "policy": {
                "terms": [_term(term) for term in card.observation_terms],
                "history": {"length": history, "layout": layout, "order": "oldest_first", "init": "repeat_first"},
                "clip_then_scale": True,
            }
        },
        "commands": {
            "base_velocity": {
                "name": command.name,
                "limit": limit,
                "trained": limit,
                "heading": "on" if command.heading else "off",
            }
        },
    }


def _history(card: PolicyCard) -> tuple[int, str]:
    """Return the length and layout of all terms' history."""
    lengths = {max(1, term.history_length) for term in card.observation_terms}
    if len(lengths) > 1:
        raise refused("observation_terms: history_length", "one for all terms", sorted(lengths), "train with one")
    by_time = {term.group for term in card.observation_terms if term.history_order == "time"}
    is_by_time = bool(by_time) and lengths != {1}
    if is_by_time and len({term.group for term in card.observation_terms}) > 1:
        raise refused("observation_terms: history_order", "one for all terms", "several", "train with one")
    return lengths.pop(), "time_major" if is_by_time else "term_major"


def _term(term: ObservationTerm) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    if term.quantity == "last_action":
        parameters["reset"] = "zeros"
    if term.quantity in ("joint_pos", "joint_vel"):
        parameters["joints"] = list(term.joints)
    return {
        "id": TERMS[term.quantity],
        "source_name": term.name,
        "dim": term.step_size,
        "scale": list(term.scale if len(term.scale) > 1 else term.scale * term.step_size),
        "clip": None if term.clip is None else list(ends_of(term.clip)),
        "params": parameters,
    }


def _control(source: Source) -> dict[str, Any]:
    card = source.card
    joints = card.action_names
    by_joint = gains(card)
    clips = [list(ends_of(clip)) for clip in card.action_clip] if any(card.action_clip) else None
    return {
        "default_joint_pos": dict(zip(joints, default_pose(card), strict=True)),
        "actions": {
            "joint_pos": {
                "kind": "joint_position",
                "joints": list(joints),
                "scale": dict(zip(joints, known(card.action_scale), strict=True)),
                "offset": dict(zip(joints, known(card.action_offset), strict=True)),
                "clip": clips,
                "clip_stage": "none" if clips is None else "processed",
                "delay_steps": 0,
                "filter": "none",
            }
        },
        "ownership": {"owned": "all", "external": []},
        "actuators": {
            "kp": {joint: by_joint[joint][0] for joint in joints},
            "kd": {joint: by_joint[joint][1] for joint in joints},
            **_controller(source),
        },
    }


def _controller(source: Source) -> dict[str, str]:
    """Return how the training simulated the PD law, if that is in the robot's model; else nothing."""
    if source.card.backend != "mjlab" or source.robot_model is None:
        return {}
    root = parsed(source.robot_model)
    motors = [motor for section in root.iter("actuator") for motor in section]
    solved = {motor.get("joint") for motor in motors if motor.tag == "position" or motor.get("biastype") == "affine"}
    if not solved.issuperset(source.card.action_names):
        return {}
    option = root.find("option")
    integrator = "euler" if option is None else option.get("integrator", "euler").lower()
    return {"kind": "implicit_pd", "pd_period": "solver", "integrator": integrator, "torque_limit_at": "actuator_force"}


def _model(card: PolicyCard) -> dict[str, Any]:
    efforts = dict(zip(card.joint_names, card.joint_effort_limits, strict=False))
    if unlimited := [joint for joint in card.action_names if None in (efforts.get(joint) or (None,))]:
        raise refused(f"joint_effort_limits.{unlimited[0]}", "limits in N·m", "none", EXPORT_AGAIN)
    return {
        "effort_limit": {joint: min(abs(end or 0.0) for end in efforts[joint] or ()) for joint in card.action_names},
        "velocity_limit": _by_joint(card, "joint_velocity_limits"),
        "armature": _by_joint(card, "joint_armature"),
    }


def _by_joint(card: PolicyCard, field: str) -> dict[str, float] | None:
    """Return a value of each driven joint; None unless all are known."""
    values: dict[str, float | None] = dict(zip(card.joint_names, getattr(card, field), strict=False))
    found = {joint: value for joint in card.action_names if (value := values.get(joint)) is not None}
    return found if len(found) == card.num_actions else None


def _provenance(content: dict[str, Any]) -> dict[str, Any]:
    """Return where each section is from: all of it from `policy.json`."""
    is_known = "kind" in content["control"]["actuators"]
    unknown = {} if is_known else {"control.actuators.kind": {"from": "unknown", "detail": "class of the actuators"}}
    known_values = {"from": "file", "detail": "policy.json of humanoid-tui"}
    trained = {"from": "file", "detail": "policy.json: ranges of the training when the policy was exported"}
    return {
        "timing": known_values,
        "policy_io": known_values,
        "policy_io.commands.base_velocity.trained": trained,
        "control": known_values,
        "model": known_values,
        **unknown,
    }
