"""Each format, run by a reader that was written from the other program's source, commands what the bundle does."""

from __future__ import annotations

import json
from collections import deque

import msgspec
import numpy as np
import pytest

from tests.formats.holosoma_controller import DEFAULT, HolosomaController
from tests.formats.motion_controller import MotionController
from tests.formats.policies import (
    BODIES,
    BY_DEPTH,
    JOINTS,
    card,
    session,
    states,
    targets,
    terms,
    tracking,
    write_bundle,
)
from tests.formats.unitree_controller import UnitreeController
from trainer_proc.contract.bundle.description import ObservationTerm
from trainer_proc.formats import holosoma
from trainer_proc.formats.write import write_formats

COMMAND = (0.4, -0.2, 0.3)
STEPS = 8


def commanded_by_unitree(folder, measured):
    controller = UnitreeController(folder / "unitree")
    return controller, np.array([controller.step(state, COMMAND) for state in measured])


# --- unitree ---


@pytest.mark.parametrize("joints", [JOINTS, BY_DEPTH], ids=["motors", "another-order"])
@pytest.mark.parametrize(("history", "order"), [(1, "term"), (5, "term"), (3, "time")])
def test_unitrees_controller_commands_what_the_bundle_does(tmp_path, joints, history, order):
    limits = [(-0.2, 0.25) if index % 2 else None for index in range(len(joints))]
    described = write_bundle(tmp_path, card(joints, history, order, clip_actions=0.4, action_clip=limits))
    written = write_formats(tmp_path, ["unitree"])
    assert written.folders == (str(tmp_path / "unitree"),)
    measured = states(STEPS)
    controller, commanded = commanded_by_unitree(tmp_path, measured)
    expected = targets(tmp_path, described, COMMAND, measured)
    assert np.abs(commanded - expected).max() < 1e-5
    assert np.abs(np.diff(expected, axis=0)).max() > 0.1  # the policy moves
    gains = dict(zip(described.joint_names, described.joint_stiffness, strict=True))
    assert controller.motor_kp == [gains[joint] for joint in JOINTS]
    assert controller.step_dt == pytest.approx(0.02)
    assert controller.cfg["commands"]["base_velocity"]["ranges"]["lin_vel_x"] == [-0.5, 1.0]


def test_a_policy_of_the_legs_holds_the_other_motors_with_their_gains(tmp_path):
    legs = JOINTS[:12]
    whole = card()
    fields = ("action_kinds", "action_names", "action_scale", "action_offset", "action_clip")
    part = {field: getattr(whole, field)[:12] for field in fields}
    part_of = {"joint_pos": {"joints": legs[:6], "size": 6}}
    observed = [msgspec.structs.replace(term, **part_of.get(term.quantity, {})) for term in terms(legs)]
    size = sum(term.size for term in observed)
    described = msgspec.structs.replace(
        whole, **part, num_actions=12, observation_terms=observed, observation_size=size
    )
    described = write_bundle(tmp_path, described)
    write_formats(tmp_path, ["unitree"])
    measured = states(STEPS)
    controller, commanded = commanded_by_unitree(tmp_path, measured)
    assert np.abs(commanded - targets(tmp_path, described, COMMAND, measured))[:, :12].max() < 1e-5
    assert controller.motor_kp == described.joint_stiffness
    assert controller.motor_q[12:] == [0.0] * 17  # it commands none of them


# --- holosoma ---


@pytest.mark.parametrize("joints", [JOINTS, BY_DEPTH], ids=["motors", "another-order"])
@pytest.mark.parametrize(("history", "order"), [(1, "term"), (4, "term"), (3, "time")])
def test_holosomas_policy_commands_what_the_bundle_does(tmp_path, joints, history, order):
    described = write_bundle(tmp_path, card(joints, history, order, clip_actions=0.4))
    written = write_formats(tmp_path, ["holosoma"])
    assert "inference:g1-29dof-loco" in written.notes[0]
    assert (f"actor_obs={history}" in written.notes[0]) == (history > 1)
    controller = HolosomaController(tmp_path / "holosoma" / "policy.onnx", history)
    # it begins with zeros in the history and in its own unit of actions; a training with the first value and no action
    controller.is_history_repeated = True
    offset = dict(zip(described.action_names, described.action_offset, strict=True))
    controller.last_action = np.array([[(offset[joint] - DEFAULT[i]) / 0.25 for i, joint in enumerate(JOINTS)]])
    measured = states(STEPS)
    commanded = np.array([controller.step(state, COMMAND) for state in measured])
    assert np.abs(commanded - targets(tmp_path, described, COMMAND, measured)).max() < 1e-5
    assert controller.kp.tolist() == [
        dict(zip(described.joint_names, described.joint_stiffness, strict=True))[joint] for joint in JOINTS
    ]
    assert controller.metadata["dof_names"] == JOINTS
    assert controller.metadata["command_ranges"] == {
        "lin_vel_x": [-0.5, 1.0],
        "lin_vel_y": [-0.4, 0.4],
        "ang_vel_yaw": [-0.7, 0.7],
    }


def test_holosomas_pose_is_the_one_of_its_configuration():
    assert [holosoma.DEFAULT_POSE.get(joint, 0.0) for joint in JOINTS] == DEFAULT.tolist()


# --- beyondmimic ---


def test_the_motion_tracking_controller_commands_what_the_bundle_does(tmp_path):
    offset = np.linspace(-0.2, 0.2, len(JOINTS)).tolist()
    described = write_bundle(tmp_path, tracking(clip_actions=0.4, action_offset=offset))
    write_formats(tmp_path, ["beyondmimic"])
    controller = MotionController(tmp_path / "beyondmimic" / "policy.onnx")
    random = np.random.default_rng(13)
    shift = (np.array(offset) - described.default_joint_positions) / described.action_scale
    controller.action = shift  # of an action of zero
    measured = states(STEPS)
    anchors = [(random.normal(size=3), random.normal(size=6)) for _ in measured]
    motion = [(controller.outputs["joint_pos"][0], controller.outputs["joint_vel"][0])]
    commanded = []
    for state, anchor in zip(measured, anchors, strict=True):
        commanded.append(controller.step(state, *anchor))
        motion.append((controller.outputs["joint_pos"][0], controller.outputs["joint_vel"][0]))
    assert np.abs(np.array(commanded) - expected_tracking(tmp_path, described, measured, anchors, motion)).max() < 1e-5
    assert np.ptp([one for one, _ in motion], axis=0).max() > 0.1  # the motion moves
    assert controller.joints == JOINTS
    assert controller.bodies == BODIES
    assert controller.stiffness == pytest.approx(described.joint_stiffness, abs=1e-9)


def expected_tracking(bundle, described, measured, anchors, motion):
    run = session(bundle / "policy.onnx")
    pose, last = np.array(described.default_joint_positions), np.zeros(len(JOINTS))
    buffers: dict[str, deque] = {}
    commanded = []
    for step, (state, (position, orientation)) in enumerate(zip(measured, anchors, strict=True)):
        values = {
            "command": np.concatenate(motion[step]),
            "anchor_position": position,
            "anchor_orientation": orientation,
            "base_lin_vel": state.base_lin_vel,
            "base_ang_vel": state.base_ang_vel,
            "joint_pos": state.joint_positions - pose,
            "joint_vel": state.joint_velocities,
            "actions": last,
        }
        parts = []
        for term in described.observation_terms:
            value = values[term.name] if term.clip is None else np.clip(values[term.name], *term.clip)
            length = max(1, term.history_length)
            buffer = buffers.setdefault(term.name, deque([value * term.scale] * length, maxlen=length))
            buffer.append(value * term.scale)
            parts += buffer
        observation = np.concatenate(parts)[None].astype(np.float32)
        time_step = np.array([[step]], dtype=np.float32)
        last = np.clip(run.run(["actions"], {"obs": observation, "time_step": time_step})[0][0], -0.4, 0.4)
        commanded.append(last * described.action_scale + described.action_offset)
    return np.array(commanded)


# --- the network ---


def test_an_unlimited_policy_keeps_its_file(tmp_path):
    write_bundle(tmp_path, card())
    write_formats(tmp_path, ["unitree"])
    assert (tmp_path / "unitree" / "exported" / "policy.onnx").read_bytes() == (tmp_path / "policy.onnx").read_bytes()


def test_a_limited_policy_keeps_its_metadata(tmp_path):
    write_bundle(tmp_path, card(clip_actions=0.4))
    write_formats(tmp_path, ["unitree"])
    own, limited = (
        session(file).get_modelmeta().custom_metadata_map
        for file in (tmp_path / "policy.onnx", tmp_path / "unitree" / "exported" / "policy.onnx")
    )
    assert own == limited


def test_holosomas_metadata_is_json(tmp_path):
    import onnx

    write_bundle(tmp_path, card())
    write_formats(tmp_path, ["holosoma"])
    entries = onnx.load(tmp_path / "holosoma" / "policy.onnx").metadata_props
    assert {entry.key: type(json.loads(entry.value)).__name__ for entry in entries} == {
        "dof_names": "list",
        "kp": "list",
        "kd": "list",
        "command_ranges": "dict",
        "iteration": "int",
    }


def test_a_term_may_have_one_scale_for_each_of_its_numbers():
    from trainer_proc.formats.entries import entries

    term = ObservationTerm("command", 6, scale=[1.0, 2.0, 3.0], history_length=2, clip=(None, 4.0))
    assert [(entry.age, entry.scale) for entry in entries([term])] == [
        (1, 1.0), (1, 2.0), (1, 3.0), (0, 1.0), (0, 2.0), (0, 3.0)
    ]  # fmt: skip
    assert {entry.clip for entry in entries([term])} == {(-np.inf, 4.0)}
