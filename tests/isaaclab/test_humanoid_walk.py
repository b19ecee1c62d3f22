"""`isaac-humanoid-walk`: what its terms reward, and when an episode ends; states are made by hand."""

from __future__ import annotations

import math

import pytest
import torch
from isaaclab.utils.string import resolve_matching_names_values
from isaaclab_tasks.core.locomotion.humanoid.humanoid_common import JOINT_GEARS

from tests.isaaclab.humanoid_states import put
from tests.trainer.goal_tasks import built, step, value, weighted
from trainer_proc.simulators.isaaclab.tasks.humanoid_env_cfg import STANDING

pytestmark = pytest.mark.real

COUNT = 4


@pytest.fixture(scope="module")
def built_stage():
    with built("isaac-humanoid-walk", COUNT, coarse={}) as stage:
        yield stage


@pytest.fixture
def stage(built_stage):
    built_stage.reset(1)
    put(built_stage)
    return built_stage


def command(stage, *velocities):
    """Command forward, lateral (m/s) and yaw (rad/s) velocities in all environments."""
    stage.task.command_manager.get_term("base_velocity").vel_command_b[:] = torch.tensor(velocities)


def everywhere(expected):
    return pytest.approx([expected] * COUNT, rel=2e-3, abs=1e-5)


def test_velocities_are_tracked_with_a_standard_deviation_of_half_a_metre_and_radian_per_second(stage):
    command(stage, 0.8, 0.2, 0.4)
    put(stage, yaw=math.pi / 2, velocity=(-0.2, 0.8, 0.0), yaw_rate=0.4)  # ahead is the world's y
    assert value(stage, "track_lin_vel_xy_exp").tolist() == everywhere(1.0)
    assert value(stage, "track_ang_vel_z_exp").tolist() == everywhere(1.0)
    put(stage, yaw=math.pi / 2, velocity=(-0.5, 0.4, 0.0), yaw_rate=0.1)
    assert value(stage, "track_lin_vel_xy_exp").tolist() == everywhere(math.exp(-(0.5**2) / 0.5**2))
    assert value(stage, "track_ang_vel_z_exp").tolist() == everywhere(math.exp(-(0.3**2) / 0.5**2))
    stage.set({"reward/track_lin_vel_xy_exp/std": 1.0, "reward/track_ang_vel_z_exp/std": 1.0})
    assert value(stage, "track_lin_vel_xy_exp").tolist() == everywhere(math.exp(-(0.5**2)))
    assert value(stage, "track_ang_vel_z_exp").tolist() == everywhere(math.exp(-(0.3**2)))
    stage.set({"reward/track_lin_vel_xy_exp/std": 0.5, "reward/track_ang_vel_z_exp/std": 0.5})


def test_tilt_and_height_are_penalized_by_their_squares(stage):
    put(stage, height=STANDING - 0.1, pitch=0.3)
    assert value(stage, "flat_orientation_l2").tolist() == everywhere(math.sin(0.3) ** 2)
    assert value(stage, "base_height_l2").tolist() == everywhere(0.1**2)
    put(stage)
    assert value(stage, "flat_orientation_l2").tolist() == everywhere(0.0)
    assert value(stage, "base_height_l2").tolist() == everywhere(0.0)


def test_changes_of_actions_are_penalized_and_torques_end_at_the_gears(stage):
    step(stage, action=0.1)
    step(stage, action=-0.2)
    assert value(stage, "action_rate_l2").tolist() == everywhere(21 * 0.3**2)
    step(stage, action=20.0)
    robot = stage.task.scene["robot"]
    torques = robot.actuators.applied_effort.torch
    assert value(stage, "dof_torques_l2").tolist() == pytest.approx(torques.square().sum(-1).tolist(), rel=1e-4)
    _, names, gears = resolve_matching_names_values(JOINT_GEARS, robot.joint_names)
    assert names == robot.joint_names
    assert (torques.abs() <= torch.tensor(gears) + 1e-3).all()
    assert (torques.abs() >= torch.tensor(gears) - 1e-3).any()


def test_one_foot_on_the_ground_is_rewarded_while_a_velocity_is_commanded(stage):
    command(stage, 0.5, 0.0, 0.0)
    step(stage, 4)
    assert value(stage, "feet_air_time").tolist() == everywhere(0.0)  # both are on the ground
    put(stage, joints={"right_thigh:1": -1.2, "right_shin": -2.0})
    step(stage, 3)
    rewards = value(stage, "feet_air_time")
    assert (rewards > 0.0).all()
    assert (rewards <= 0.4).all()
    command(stage, 0.0, 0.0, 0.0)
    assert value(stage, "feet_air_time").tolist() == everywhere(0.0)


def test_every_weight_scales_its_term(stage):
    command(stage, 0.5, 0.0, 0.3)
    step(stage, 3, action=0.3)
    step(stage, action=-0.3)
    before = weighted(stage)
    moved = {name for name, one in before.items() if abs(one) > 1e-8}
    assert moved >= {
        "track_lin_vel_xy_exp",
        "track_ang_vel_z_exp",
        "flat_orientation_l2",
        "base_height_l2",
        "action_rate_l2",
        "dof_torques_l2",
        "joint_deviation_arms",
    }
    read = stage.steering.interventions.knobs.read
    weights = {f"reward/{name}/weight": float(read(f"reward/{name}/weight")) for name in before}
    stage.set({knob: 2.0 * weight for knob, weight in weights.items()})
    after = weighted(stage)
    stage.set(weights)
    assert {name: after[name] for name in moved} == pytest.approx({name: 2 * before[name] for name in moved})


def test_the_default_position_stands_on_both_feet(stage):
    step(stage, 20)
    robot = stage.task.scene["robot"]
    assert robot.data.root_pos_w.torch[:, 2].tolist() == pytest.approx([STANDING] * COUNT, abs=0.02)
    forces = stage.task.scene.sensors["contact_forces"].data.net_forces_w.torch[..., 2]
    weight = float(robot.data.body_mass.torch[0].sum()) * 9.81
    assert (forces > 0.1 * weight).all()
    assert forces.sum(1).mean().item() == pytest.approx(weight, rel=0.25)  # masses are randomized


SQUAT = {f"{side}_{joint}": at for side in ("left", "right") for joint, at in (("thigh:1", -1.8), ("shin", -2.6))}


@pytest.mark.parametrize("state", [{"height": 0.75, "joints": SQUAT}, {"height": 1.2, "pitch": 1.2}])
def test_a_fall_ends_the_episode(stage, state):
    step(stage)
    assert not stage.task.termination_manager.terminated.any()
    put(stage, **state)
    step(stage)
    assert stage.task.termination_manager.terminated.all()
