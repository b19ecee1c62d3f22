"""A bundle is loaded as a whole, or refused with one line that names the field and the remedy."""

from __future__ import annotations

import hashlib
import math
import sys

import msgspec
import numpy as np
import pytest

from tests.deploy.small_bundle import COMMAND, JOINTS, SIZE, TERMS, card, tracking_card, write_bundle, write_card
from trainer_proc.contract.bundle.description import CommandPart, ObservationTerm
from trainer_proc.deploy.bundle import PackageMissing, load_bundle
from trainer_proc.deploy.errors import BundleRefused
from trainer_proc.deploy.observations import Observations
from trainer_proc.deploy.policy import Policy


def refusal(folder):
    with pytest.raises(BundleRefused) as caught:
        load_bundle(folder)
    text = str(caught.value)
    assert "\n" not in text
    assert "; " in text, "it says what to do"
    return text


def term(name, **changes):
    return [msgspec.structs.replace(one, **changes) if one.name == name else one for one in TERMS]


def test_a_whole_bundle_is_loaded(tmp_path):
    bundle = load_bundle(write_bundle(tmp_path))
    assert bundle.card.run == "table"
    assert bundle.robot_model == tmp_path / "robot.xml"
    assert Policy(bundle).act(np.ones((1, SIZE), np.float32)).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("name", ["policy.onnx", "robot.xml", "policy.json"])
def test_a_missing_file_is_named(tmp_path, name):
    (write_bundle(tmp_path) / name).unlink()
    assert refusal(tmp_path).startswith(f"{name}: expected a file in {tmp_path}, got none")


@pytest.mark.parametrize("name", ["policy.onnx", "robot.xml"])
def test_an_edited_file_is_named(tmp_path, name):
    file = write_bundle(tmp_path) / name
    file.write_bytes(file.read_bytes() + b" ")
    assert refusal(tmp_path).startswith(f"{name}: expected SHA-256 ")


def test_a_link_out_of_the_folder_is_no_file_of_the_bundle(tmp_path):
    write_card(write_bundle(tmp_path), card(files={"../outside": "0"}, onnx_sha256="0"))
    assert "files: expected names of files in the bundle's folder" in refusal(tmp_path)


@pytest.mark.parametrize(("version", "remedy"), [(2, "export the run again"), (99, "update humanoid-tui")])
def test_another_schema_version_is_refused(tmp_path, version, remedy):
    write_bundle(tmp_path, card(format=version))
    assert refusal(tmp_path) == f"policy.json: format: expected 3, got {version}; {remedy}"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 3}', b'{"format": "three"}'])
def test_a_damaged_card_is_refused(tmp_path, content):
    (write_bundle(tmp_path) / "policy.json").write_bytes(content)
    assert refusal(tmp_path).startswith("policy.json: expected a description of format 3, got ")


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_weights_that_are_not_finite_are_refused(tmp_path, value):
    weights = np.zeros((SIZE, 2))
    weights[3, 1] = value
    write_bundle(tmp_path, weights=weights)
    assert refusal(tmp_path).startswith(
        f"policy.onnx: weights: expected finite weights, got 1 of {2 * SIZE} NaN or infinite; "
    )


def test_a_file_that_is_no_network_is_refused(tmp_path):
    write_bundle(tmp_path)
    (tmp_path / "policy.onnx").write_bytes(b"no network")
    digest = hashlib.sha256(b"no network").hexdigest()
    robot = hashlib.sha256((tmp_path / "robot.xml").read_bytes()).hexdigest()
    changed = card(onnx_sha256=digest, files={"policy.onnx": digest}, robot_model_sha256=robot)
    write_card(tmp_path, changed)
    assert refusal(tmp_path).startswith("policy.onnx: expected an ONNX model")


def test_a_recurrent_policy_carries_its_state(tmp_path):
    policy = Policy(load_bundle(write_bundle(tmp_path, card(recurrent_inputs=["h_in"]), recurrent=True)))
    observation = np.zeros((1, SIZE), np.float32)
    assert [policy.act(observation)[0] for _ in range(3)] == [0.0, 1.0, 2.0]
    policy.reset()
    assert policy.act(observation)[0] == 0.0


def test_a_recurrent_policy_without_its_state_is_refused(tmp_path):
    write_bundle(tmp_path, recurrent=True)
    expected = "recurrent_inputs: expected every state of a recurrent policy, got the network's further input h_in; "
    assert refusal(tmp_path).startswith(expected)


def test_a_state_that_the_network_lacks_is_refused(tmp_path):
    write_bundle(tmp_path, card(recurrent_inputs=["h_in"]))
    assert refusal(tmp_path).startswith("policy.onnx: expected input h_in, as policy.json says, got obs; ")


REFUSED = {
    "a pose in degrees": ({"default_joint_positions": [38.0, 0.0]}, "default_joint_positions.left_joint"),
    "a pose beyond the limits": ({"default_joint_positions": [1.6, 0.0]}, "default_joint_positions.left_joint"),
    "an offset in degrees": ({"action_offset": [0.1, 57.0]}, "action_offset.right_joint"),
    "a negative gain": ({"joint_stiffness": [60.0, -1.0]}, "joint_stiffness.right_joint"),
    "no stiffness for a position": ({"joint_stiffness": [None, 60.0]}, "joint_stiffness.left_joint"),
    "a negative damping": ({"joint_damping": [3.0, -3.0]}, "joint_damping.right_joint"),
    "an action without scale": ({"action_scale": [0.5, None]}, "action_scale.right_joint"),
    "an action of scale 0": ({"action_scale": [0.0, 0.5]}, "action_scale.left_joint"),
    "one scale for two actions": ({"action_scale": [0.5]}, "action_scale"),
    "an action of another class": ({"action_kinds": ["position", "Gripper"]}, "action_kinds.right_joint"),
    "an action of no joint": ({"action_names": ["left_joint", "tail"]}, "action_names"),
    "one joint for two actions": ({"action_names": ["left_joint", "left_joint"]}, "action_names"),
    "a limit of 0 for actions": ({"clip_actions": 0.0}, "clip_actions"),
    "effort limits the wrong way": ({"joint_effort_limits": [(40.0, -40.0), None]}, "joint_effort_limits.left_joint"),
    "a speed limit of 0": ({"joint_velocity_limits": [20.0, 0.0]}, "joint_velocity_limits.right_joint"),
    "no joints": ({"joint_names": []}, "joint_names"),
    "a joint twice": ({"joint_names": ["left_joint"] * 2}, "joint_names"),
    "no control rate": ({"control_frequency": None}, "control_frequency"),
    "another control rate": ({"control_frequency": 100.0}, "control_frequency"),
    "a control rate of 0": ({"control_frequency": 0.0}, "control_frequency"),
    "an image": ({"image_inputs": ["camera"]}, "image_inputs"),
    "another size": ({"observation_size": SIZE + 1}, "observation_terms"),
    "no terms": ({"observation_terms": []}, "observation_terms"),
    "a term of the training's": ({"observation_terms": term("gyro", quantity="")}, "observation_terms.gyro"),
    "a modified term": (
        {"observation_terms": term("gyro", modifiers=[{"function": "a:b"}])},
        "observation_terms.gyro.modifiers",
    ),
    "two factors for three numbers": (
        {"observation_terms": term("gyro", scale=[1.0, 2.0])},
        "observation_terms.gyro.scale",
    ),
    "a factor of 0": ({"observation_terms": term("gyro", scale=[0.0])}, "observation_terms.gyro.scale"),
    "a clip the wrong way": ({"observation_terms": term("gyro", clip=(1.0, -1.0))}, "observation_terms.gyro.clip"),
    "a part of a step": (
        {"observation_terms": term("joint_vel", history_length=3)},
        "observation_terms.joint_vel.size",
    ),
    "a term without joints": (
        {"observation_terms": term("joint_pos", joints=[])},
        "observation_terms.joint_pos.joints",
    ),
    "a term of other joints": (
        {"observation_terms": term("joint_pos", joints=["left_joint", "tail"])},
        "observation_terms.joint_pos.joints",
    ),
    "another command": (
        {"observation_terms": term("command", command="motion")},
        "observation_terms.command.command",
    ),
    "heights without a grid": ({"observation_terms": term("gyro", quantity="height_scan")}, "observation_terms.gyro"),
    "a command the wrong way": (
        {"commands": [msgspec.structs.replace(COMMAND, parts=[CommandPart("x", "m/s", 1.0, 0.0), *COMMAND.parts[1:]])]},
        "commands.twist.x",
    ),
}


TRACKING = tracking_card()


def anchor_by(function, size):
    """Return the terms with another one of the anchor."""
    *others, anchor = TRACKING.observation_terms
    return {
        "observation_terms": [*others, msgspec.structs.replace(anchor, function=f"mdp:{function}", size=size)],
        "observation_size": TRACKING.observation_size - anchor.size + size,
    }


def phase(**changes):
    """Return a card that observes a gait's phase."""
    sound = ObservationTerm("phase", 2, quantity="phase", parameters={"period": 0.6}, command="twist")
    terms = [*TERMS, msgspec.structs.replace(sound, **changes)]
    return {"observation_terms": terms, "observation_size": sum(term.size for term in terms)}


REFUSED_PHASES = {
    "no period": (phase(parameters={}), "observation_terms.phase.parameters.period"),
    "a period of nothing": (phase(parameters={"period": 0.0}), "observation_terms.phase.parameters.period"),
    "a threshold that is no number": (
        phase(parameters={"period": 0.6, "command_threshold": "low"}),
        "observation_terms.phase.parameters.command_threshold",
    ),
    "no such command": (phase(command="walk"), "observation_terms.phase.command"),
    "another size": (phase(size=3), "observation_terms.phase.size"),
}


@pytest.mark.parametrize(("changes", "field"), REFUSED_PHASES.values(), ids=REFUSED_PHASES)
def test_a_phase_that_can_not_be_made_is_refused(tmp_path, changes, field):
    write_bundle(tmp_path, card(**changes))
    assert refusal(tmp_path).startswith(f"{field}: expected ")


REFUSED_MOTIONS = {
    "a position that the network lacks": (anchor_by("motion_anchor_pos_b", 3), "task_outputs"),
    "a position of another size": (
        anchor_by("motion_anchor_pos_b", 4) | {"task_outputs": [*TRACKING.task_outputs, "body_pos_w"]},
        "observation_terms.anchor.size",
    ),
    "bodies of another size": (anchor_by("robot_body_pos_b", 3), "observation_terms.anchor.size"),
    "another term of the motion": (anchor_by("motion_ref_vel", 3), "observation_terms.anchor"),
    "no motion": ({"commands": [COMMAND]}, "observation_terms.command.command"),
    "a network without the motion": ({"task_outputs": ["joint_pos"]}, "task_outputs"),
    "no model of the robot": ({"robot_model": ""}, "robot_model"),
}


@pytest.mark.parametrize(("changes", "field"), REFUSED_MOTIONS.values(), ids=REFUSED_MOTIONS)
def test_a_motion_that_can_not_be_followed_is_refused(tmp_path, changes, field):
    write_bundle(tmp_path, msgspec.structs.replace(TRACKING, **changes))
    assert refusal(tmp_path).startswith(f"{field}: expected ")


@pytest.mark.parametrize(("changes", "field"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_field_is_named(tmp_path, changes, field):
    write_bundle(tmp_path, card(**changes))
    assert refusal(tmp_path).startswith(f"{field}: expected ")


def test_onnxruntime_absent_is_one_line(tmp_path, monkeypatch):
    write_bundle(tmp_path)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(PackageMissing, match=r"^running a policy needs package onnxruntime: uv .*deploy"):
        load_bundle(tmp_path)


def test_joints_unknown_to_the_robot_are_named():
    with pytest.raises(BundleRefused, match=r"^observation_terms.joint_pos.joints: expected joints of the robot"):
        Observations(card(), JOINTS[:1])
