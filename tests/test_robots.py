"""Robots that policies are for, and what they can't measure."""

from __future__ import annotations

import pytest

from curricula.schema import SchemaError
from presets.deploy import read_deploy
from presets.preset import PresetError, read_preset
from presets.robots import ObservedTerm, find_robot, not_measured, robot_names


@pytest.mark.parametrize("name", robot_names())
def test_every_motor_has_one_index_and_left_and_right_have_the_same_joints(name):
    robot = find_robot(name)
    assert len(set(robot.motors.values())) == len(robot.motors)
    left = {joint.removeprefix("left_") for joint in robot.motors if joint.startswith("left_")}
    assert left == {joint.removeprefix("right_") for joint in robot.motors if joint.startswith("right_")}
    assert [robot.motors[joint] for joint in robot.joints] == sorted(robot.motors.values())


def test_motors_of_23_joints_keep_their_indices():
    whole, fewer = find_robot("unitree-g1-29dof"), find_robot("unitree-g1-23dof")
    assert len(whole.motors) == 29
    assert len(fewer.motors) == 23
    assert fewer.motors.items() <= whole.motors.items()


def test_what_a_robot_does_not_measure_is_named_with_the_reason():
    terms = [
        ObservedTerm("velocity", "base_lin_vel", "mjlab.envs.mdp.observations:builtin_sensor"),
        ObservedTerm("turning", "base_ang_vel", "mjlab.envs.mdp.observations:builtin_sensor"),
        ObservedTerm("anchor", "motion", "mjlab.tasks.tracking.mdp.observations:motion_anchor_pos_b"),
        ObservedTerm("secret", "", "own:contact_forces"),
    ]
    velocity, anchor, secret = not_measured(find_robot("unitree-g1-29dof"), terms)
    assert velocity.startswith(
        "velocity: no sensor measures the velocity of the base of Unitree G1 with 29 joints; remove"
    )
    assert anchor.startswith("anchor: no sensor measures the position of the base")
    assert secret.startswith("secret: no known sensor")


def test_an_unknown_robot_is_refused_in_one_line(tmp_path):
    with pytest.raises(SchemaError, match=r"^no such robot: unitree-g2; nearest: unitree-g1-\d\ddof$"):
        read_deploy({"robot": "unitree-g2"})
    preset = tmp_path / "mine.toml"
    preset.write_text(
        'title = "x"\ndescription = "y"\nbackend = "mjlab"\ntask = "T"\nexperiment = "e"\niterations = 1\n'
        'num_envs = { cpu = 1, cuda = 1 }\n[deploy]\nrobot = ""\n'
    )
    with pytest.raises(PresetError, match="no such robot"):
        read_preset(preset)
