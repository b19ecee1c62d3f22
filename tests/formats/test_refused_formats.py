"""A policy that a program can't run is refused by the name of its field, and nothing is written."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec
import pytest

from curricula.errors import UserError
from tests.formats.policies import BODIES, JOINTS, VELOCITY, card, network, terms, tracking, write_bundle
from trainer_proc.contract.bundle.description import Command, CommandPart, ObservationTerm
from trainer_proc.formats.files import Source
from trainer_proc.formats.write import MAKERS, write_formats

VELOCITY_FORMATS = ["unitree", "holosoma", "gaitkeeper"]


def refusal(folder: Path, name: str, described) -> str:
    write_bundle(folder, described)
    with pytest.raises(UserError) as refused:
        write_formats(folder, [name])
    assert names_in(folder) == ["policy.json", "policy.onnx"]
    text = str(refused.value)
    assert "\n" not in text
    return text


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def changed(index: int, **changes):
    """Return a card with one changed term of `terms`."""
    listed = terms(JOINTS)
    listed[index] = msgspec.structs.replace(listed[index], **changes)
    return card(observation_terms=listed, observation_size=sum(term.size for term in listed))


def replaced(values, index, value):
    return [value if place == index else one for place, one in enumerate(values)]


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("unitree", "base_ang_vel, projected_gravity, velocity_commands, joint_pos_rel, joint_vel_rel, last_action"),
        (
            "holosoma",
            "base_ang_vel, projected_gravity, command_lin_vel and command_ang_vel, dof_pos, dof_vel, actions",
        ),
    ],
)
def test_a_term_that_the_controller_does_not_know_is_named_beside_those_that_it_knows(tmp_path, name, known):
    described = changed(0, name="base_lin_vel", quantity="base_lin_vel")
    text = refusal(tmp_path, name, described)
    assert text == (
        f"format {name}: observation_terms.base_lin_vel: expected one of {known}, got base_lin_vel; train without it"
    )


@pytest.mark.parametrize("name", VELOCITY_FORMATS)
def test_a_term_of_the_trainings_own_code_is_refused_by_its_name(tmp_path, name):
    assert "observation_terms.contacts: expected one of" in refusal(
        tmp_path, name, changed(0, name="contacts", quantity="")
    )


@pytest.mark.parametrize("name", VELOCITY_FORMATS)
@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"image_inputs": ["depth"]}, "image_inputs: expected none: the controller has no camera, got depth"),
        ({"recurrent_inputs": ["h_in"]}, "recurrent_inputs: expected none: the controller keeps no state, got h_in"),
        ({"task_inputs": ["time_step"]}, "task_inputs: expected none"),
        ({"observation_terms": []}, "observation_terms: expected the policy's terms, got none"),
        ({"action_kinds": ["effort"] * 29}, f"action_kinds.{JOINTS[0]}: expected position, got effort"),
        (
            {"action_scale": replaced([0.5] * 29, 3, None)},
            f"action_scale.{JOINTS[3]}: expected a finite number that isn't 0, got None",
        ),
        (
            {"joint_stiffness": [None] * 29},
            f"joint_stiffness.{JOINTS[0]}: expected more than 0 for a target position, got None",
        ),
        ({"joint_damping": [None] * 29}, f"joint_damping.{JOINTS[0]}: expected a known gain, got none"),
        ({"control_frequency": None}, "control_frequency: expected 1 to 2000 Hz, got None"),
        ({"commands": []}, "commands: expected one velocity command, got none"),
        (
            {"commands": [Command("twist", "velocity")]},
            "commands.twist.parts: expected lin_vel_x, lin_vel_y, ang_vel_z",
        ),
        (
            {
                "commands": [
                    Command("twist", "velocity", [CommandPart("lin_vel_x", "m/s", 1.0, 0.0), *VELOCITY.parts[1:]])
                ]
            },
            "commands.twist.lin_vel_x: expected a finite range, low end first, got 1.0 to 0.0",
        ),
    ],
)
def test_what_a_walking_controller_cannot_run(tmp_path, name, changes, text):
    assert text in refusal(tmp_path, name, card(**changes))


@pytest.mark.parametrize("name", VELOCITY_FORMATS)
@pytest.mark.parametrize(
    ("index", "changes", "text"),
    [
        (3, {"joints": []}, "observation_terms.joint_pos.joints: expected the joints that it lists, got none"),
        (3, {"joints": ["tail", *JOINTS[1:]]}, "joint_pos.joints: expected joints that the policy drives, got tail"),
        (3, {"relative": False}, "joint_pos.relative: expected positions relative to the default pose"),
        (0, {"modifiers": [{"function": "filter"}]}, "base_ang_vel.modifiers: expected none, got filter"),
        (5, {"size": 28}, "observation_terms.actions: expected all 29 actions, got 28"),
    ],
)
def test_a_term_that_a_walking_controller_makes_in_another_way(tmp_path, name, index, changes, text):
    assert text in refusal(tmp_path, name, changed(index, **changes))


@pytest.mark.parametrize(
    ("name", "changes", "text"),
    [
        ("unitree", {"robot": ""}, "robot: expected a robot whose order of motors is known, got none; name it in"),
        ("unitree", {"robot": "asimo"}, "no such robot: asimo"),
        (
            "unitree",
            {"robot": "unitree-g1-23dof"},
            "action_names: expected joints of unitree-g1-23dof, got waist_roll_joint",
        ),
        ("holosoma", {"robot": "unitree-g1-23dof"}, "robot: expected unitree-g1-29dof, got unitree-g1-23dof"),
        ("holosoma", {"control_frequency": 100.0, "decimation": 2}, "control_frequency: expected 50 Hz, got 100.0"),
        ("holosoma", {"action_clip": [(-1.0, 1.0)] * 29}, "action_clip: expected no limits"),
        ("holosoma", {"action_scale": [0.0] * 29}, f"action_scale.{JOINTS[0]}: expected a finite number that isn't 0"),
        ("gaitkeeper", {"clip_actions": 1.0}, "clip_actions: expected none: gaitkeeper doesn't limit actions, got 1.0"),
        (
            "gaitkeeper",
            {"joint_effort_limits": [None] * 29},
            f"joint_effort_limits.{JOINTS[0]}: expected limits in N·m",
        ),
        ("beyondmimic", {}, "commands: expected one motion to track, got twist (velocity); choose another format"),
    ],
)
def test_what_one_controller_cannot_run(tmp_path, name, changes, text):
    assert text in refusal(tmp_path, name, card(**changes))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"task_inputs": []}, "task_inputs: expected time_step, got none"),
        ({"task_outputs": ["joint_pos"]}, "task_outputs: expected joint_pos, joint_vel, body_pos_w, body_quat_w"),
        ({"recurrent_inputs": ["h_in"]}, "recurrent_inputs: expected none"),
        ({"action_clip": [(-1.0, 1.0)] * 29}, "action_clip: expected no limits"),
        ({"action_scale": [0.0] * 29}, f"action_scale.{JOINTS[0]}: expected a finite number that isn't 0"),
        (
            {"commands": [Command("motion", "motion", body="head", bodies=BODIES)]},
            "commands.motion.body: expected the anchor, one of the tracked bodies, got head",
        ),
    ],
)
def test_what_the_motion_tracking_controller_cannot_run(tmp_path, changes, text):
    write_text = refusal(tmp_path, "beyondmimic", msgspec.structs.replace(tracking(), **changes))
    assert text in write_text


def test_a_term_of_a_motion_that_the_controller_does_not_know(tmp_path):
    whole = tracking()
    other = msgspec.structs.replace(whole.observation_terms[1], name="phase", function="own:motion_phase")
    listed = [whole.observation_terms[0], other, *whole.observation_terms[2:]]
    text = refusal(tmp_path, "beyondmimic", msgspec.structs.replace(whole, observation_terms=listed))
    assert "observation_terms.phase: expected one of generated_commands, motion_anchor_pos_b" in text
    assert "got motion_phase" in text


def test_a_robot_with_a_motor_of_unknown_gains(tmp_path):
    whole = card()
    text = refusal(tmp_path, "unitree", msgspec.structs.replace(
        whole,
        num_actions=28,
        observation_terms=[ObservationTerm("actions", 28, quantity="last_action")],
        observation_size=28,
        **{name: getattr(whole, name)[:28] for name in (
            "action_kinds", "action_names", "action_scale", "action_offset", "action_clip", "joint_names",
            "default_joint_positions", "joint_stiffness", "joint_damping", "joint_effort_limits",
            "joint_velocity_limits", "joint_armature",
        )},
    ))  # fmt: skip
    assert f"joint_stiffness.{JOINTS[28]}: expected gains of all motors of unitree-g1-29dof, got none" in text


def test_speeds_of_some_joints_which_one_of_unitrees_controllers_reads_as_all(tmp_path):
    text = refusal(tmp_path, "unitree", changed(4, joints=JOINTS[:6], size=6))
    assert "observation_terms.joint_vel.joints: expected the joints of the actions, in their order, got others" in text


def test_terms_of_two_orders_of_history(tmp_path):
    mixed = [*terms(JOINTS[:1], 2)[:3], *terms(JOINTS, 2, "time")[3:]]
    described = card(observation_terms=mixed, observation_size=sum(term.size for term in mixed))
    assert "observation_terms: history_order: expected one for all terms" in refusal(tmp_path, "unitree", described)


def test_a_changed_network_is_refused(tmp_path):
    write_bundle(tmp_path, card())
    with open(tmp_path / "policy.onnx", "ab") as file:
        file.write(b"\0")
    with pytest.raises(UserError, match=r"policy.onnx: expected SHA-256 .*, got .*: it was changed"):
        write_formats(tmp_path, ["unitree"])


def test_an_unknown_format_is_refused_with_the_known_ones(tmp_path):
    write_bundle(tmp_path, card())
    with pytest.raises(UserError, match="no such format: unitre; nearest: unitree"):
        write_formats(tmp_path, ["unitre"])


def test_a_refused_format_leaves_the_others_unwritten(tmp_path):
    write_bundle(tmp_path, card())
    with pytest.raises(UserError, match="format beyondmimic: commands"):
        write_formats(tmp_path, ["unitree", "beyondmimic"])
    assert not (tmp_path / "unitree").exists()


def test_an_earlier_format_is_replaced_whole(tmp_path):
    write_bundle(tmp_path, card())
    (tmp_path / "unitree" / "params").mkdir(parents=True)
    (tmp_path / "unitree" / "params" / "old.yaml").write_text("old")
    write_formats(tmp_path, ["unitree"])
    assert names_in(tmp_path) == ["policy.json", "policy.onnx", "unitree"]
    assert names_in(tmp_path / "unitree" / "params") == ["deploy.yaml"]


# --- frames ---

ROBOT = """<mujoco><worldbody><body name="pelvis">
  <site name="straight" pos="0.1 0 0"/><site name="turned" euler="0 0 90"/>
  <body name="torso_link"><site name="above"/></body></body></worldbody></mujoco>"""


@pytest.mark.parametrize("name", VELOCITY_FORMATS)
def test_a_sensor_with_the_axes_of_the_base_is_the_bases(tmp_path, name):
    write_bundle(tmp_path, changed(0, frame="straight"), ROBOT)
    write_formats(tmp_path, [name])


@pytest.mark.parametrize("name", VELOCITY_FORMATS)
@pytest.mark.parametrize("frame", ["turned", "above", "torso_link", "nowhere"])
def test_a_sensor_with_other_axes_is_refused(tmp_path, name, frame):
    write_bundle(tmp_path, changed(0, frame=frame), ROBOT)
    field = "observation_terms.base_ang_vel.frame"
    with pytest.raises(UserError, match=f"{name}: {field}: expected the axes of pelvis, got {frame}; train with"):
        write_formats(tmp_path, [name])


@pytest.mark.parametrize("name", VELOCITY_FORMATS)
def test_a_sensor_of_unknown_axes_is_refused(tmp_path, name):
    text = refusal(tmp_path, name, changed(0, frame="straight"))
    assert "base_ang_vel.frame: expected pelvis, or robot.xml that shows its axes, got straight" in text


def test_a_robots_model_that_is_no_xml_or_was_changed(tmp_path):
    write_bundle(tmp_path, changed(0, frame="straight"), "<mujoco>")
    with pytest.raises(UserError, match=r"robot.xml: expected XML, got ParseError"):
        write_formats(tmp_path, ["unitree"])
    (tmp_path / "robot.xml").write_text(ROBOT)
    with pytest.raises(UserError, match=r"robot.xml: expected SHA-256 .*, got .*: it was changed"):
        write_formats(tmp_path, ["unitree"])


# --- damaged cards ---

FIELDS = [name for name in card().__struct_fields__ if isinstance(getattr(card(), name), list | float | int | None)]


def damaged(described, name: str):
    """Return cards with other values of one field, as a faulty exporter or an editor would write them."""
    value = getattr(described, name)
    others: list[object] = [None] if not isinstance(value, list) else [[], value[:-1], [*value, *value[:1]]]
    if isinstance(value, list) and value and not isinstance(value[0], msgspec.Struct):
        others += [[None, *value[1:]], [value[-1], *value[1:]]]
    if isinstance(value, int | float):
        others += [0, -1, float("nan"), float("inf")]
    for other in others:
        with contextlib.suppress(msgspec.ValidationError):  # `policy.json` can't be read then
            changed = msgspec.to_builtins(msgspec.structs.replace(described, **{name: other}))
            yield msgspec.convert(changed, type(described))


@pytest.mark.parametrize("name", FIELDS)
def test_whatever_is_wrong_in_a_card_is_refused_or_right(name):
    for whole in (card(), tracking()):
        content = network(whole)
        for described in damaged(whole, name):
            for make in MAKERS.values():
                with contextlib.suppress(UserError):
                    make(Source(described, content, ROBOT.encode()))
