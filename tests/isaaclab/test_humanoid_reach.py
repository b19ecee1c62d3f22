"""`isaac-humanoid-reach`: what its terms reward, when it succeeds, and its suite; states are made by hand."""

from __future__ import annotations

import math

import numpy
import pytest
import torch

from tests.isaaclab.humanoid_states import put
from tests.trainer.goal_tasks import built, step, value
from trainer_proc.evaluation.suites.registry import find_suite

pytestmark = pytest.mark.real

COUNT = 36


@pytest.fixture(scope="module")
def stage():
    with built("isaac-humanoid-reach", COUNT, coarse={}) as stage:
        yield stage


@pytest.fixture
def command(stage):
    stage.reset(1)
    return stage.task.command_manager.get_term("reach")


def hand(stage):
    robot = stage.task.scene["robot"]
    return robot.data.body_pos_w.torch[:, robot.body_names.index("right_hand")].clone()


def everywhere(expected):
    return pytest.approx([expected] * COUNT, rel=2e-3, abs=1e-5)


def test_the_reward_falls_with_the_distance_of_the_hand(stage, command):
    put(stage)
    command.target_pos[:] = hand(stage) + torch.tensor([0.0, 0.06, 0.08])
    assert value(stage, "reach").tolist() == everywhere(math.exp(-0.1 / 0.1))
    assert value(stage, "approach").tolist() == everywhere(math.exp(-0.1 / 0.5))
    stage.set({"reward/reach/std": 0.2})
    assert value(stage, "reach").tolist() == everywhere(math.exp(-0.1 / 0.2))
    stage.set({"reward/reach/std": 0.1})
    command.target_pos[:] = hand(stage)
    assert value(stage, "reach").tolist() == everywhere(1.0)


def test_balance_is_the_distance_of_the_centre_of_mass_from_the_line_between_the_feet(stage, command):
    robot = stage.task.scene["robot"]

    def measured():
        masses = robot.data.body_mass.torch[0].unsqueeze(-1)
        centre = (robot.data.body_com_pos_w.torch[0] * masses).sum(0) / masses.sum()
        feet = robot.data.body_pos_w.torch[0, [robot.body_names.index(f"{side}_foot") for side in ("left", "right")]]
        assert (feet[0, 0] - feet[1, 0]).abs() < 1e-4  # the line is along y
        assert feet[1, 1] < centre[1] < feet[0, 1]
        return math.exp(-abs(float(centre[0] - feet[0, 0])) / 0.2)

    put(stage)
    upright = float(value(stage, "balance")[0])
    assert upright == pytest.approx(measured(), rel=1e-3)
    assert upright > 0.7
    put(stage, pitch=0.4)
    assert float(value(stage, "balance")[0]) == pytest.approx(measured(), rel=1e-3)
    assert float(value(stage, "balance")[0]) < 0.5


def test_the_reaching_arm_is_free(stage, command):
    put(stage, joints={"right_lower_arm": 0.5, "right_upper_arm:0": -0.5})
    assert value(stage, "joint_deviation_arms").tolist() == everywhere(0.0)
    put(stage, joints={"left_lower_arm": 0.5})
    assert value(stage, "joint_deviation_arms").tolist() == everywhere(0.5)


def test_targets_are_sampled_ahead_of_the_robot_and_stay_in_the_world(stage, command):
    robot = stage.task.scene["robot"].data
    heading, root = robot.heading_w.torch, robot.root_link_pose_w.torch[:, :3]
    away = command.target_pos[:, :2] - root[:, :2]
    forward = away[:, 0] * heading.cos() + away[:, 1] * heading.sin()
    left = away[:, 1] * heading.cos() - away[:, 0] * heading.sin()
    ranges = ((forward, (0.25, 0.4)), (left, (-0.35, -0.05)), (command.target_pos[:, 2], (1.15, 1.4)))
    for found, (low, high) in ranges:
        assert found.min() >= low - 1e-4
        assert found.max() <= high + 1e-4
        assert found.max() - found.min() > (high - low) / 2
    targets = command.target_pos.clone()
    step(stage, 3)
    assert torch.equal(command.target_pos, targets)
    distance = (targets - robot.root_link_pose_w.torch[:, :3]).norm(dim=-1)
    assert torch.allclose(command.command.norm(dim=-1), distance, atol=1e-5)


def test_a_target_is_reached_when_the_hand_has_stayed_there_for_a_second(stage, command):
    steps = round(1.0 / stage.task.step_dt)
    for _ in range(steps - 2):
        hold(stage, command)
    assert not command.episode_success.any()
    for _ in range(4):
        hold(stage, command)
    assert command.episode_success.tolist() == [0.0] + [1.0] * (COUNT - 1)
    command.target_pos[:, 2] += 1.0  # reached once is enough
    step(stage)
    assert command.episode_success[1:].all()
    command.time_left[:] = 0.0
    hold(stage, command)
    assert not command.episode_success.any()
    for _ in range(steps + 2):
        hold(stage, command, missing=None)
    assert command.episode_success.tolist() == [0.0] + [1.0] * (COUNT - 1)  # the first one missed a target before
    stage.reset(2)
    assert not command.episode_success.any()


def hold(stage, command, missing=0):
    """Step with the hand of all robots but `missing` at the target; nobody falls."""
    put(stage)
    command.target_pos[:] = hand(stage)
    if missing is not None:
        command.target_pos[missing, 2] += 0.2
    step(stage)


def test_a_break_begins_the_second_again(stage, command):
    steps = round(1.5 / stage.task.step_dt)
    for number in range(steps):
        put(stage)
        command.target_pos[:] = hand(stage)
        if number == steps // 2:
            command.target_pos[:, 2] += 0.2
        step(stage)
    assert not command.metrics["reached"].any()


def test_the_suite_commands_each_target_and_measures_the_distance(stage, command):
    suite = find_suite("commands")
    assert suite.cell_count(stage.spec, stage.task.cfg) == COUNT
    assert suite.overrides(stage.spec, stage.task.cfg) == {"env.episode_length_s": 5.0}
    plan = suite.plan(stage)
    plan.trial.begin(torch.arange(COUNT))
    stage.reset(3)
    plan.trial.started()
    assert command.target_pos[:, 2].tolist() == pytest.approx([cell["height"] for cell in plan.cells])
    root = stage.task.scene["robot"].data.root_link_pose_w.torch
    away = (command.target_pos - root[:, :3])[:, :2].norm(dim=-1)
    assert away.tolist() == pytest.approx([math.hypot(cell["forward"], cell["left"]) for cell in plan.cells], abs=1e-3)
    step(stage)
    plan.trial.step(torch.ones(COUNT, dtype=torch.bool))
    measured = plan.trial.values()
    assert measured["distance"].tolist() == pytest.approx(command.hand_to_target.norm(dim=-1).tolist(), abs=1e-4)
    assert not measured["reached"].any()


def test_viewers_get_the_target_relative_to_the_origin_of_the_environment(stage, command):
    reader = stage.simulator.robot_reader("reach")
    assert reader.scene.command == ("reach x (m)", "reach y (m)", "reach z (m)")
    target = numpy.frombuffer(reader.read(3).target, "<f4")
    assert target == pytest.approx((command.target_pos - stage.task.scene.env_origins)[3].numpy(), abs=1e-5)
