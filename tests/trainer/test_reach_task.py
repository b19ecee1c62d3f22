"""`g1-reach`: what its terms reward, when it succeeds, and its suite; states are made by hand."""

from __future__ import annotations

import math

import pytest

pytestmark = pytest.mark.real


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global built, find_suite, put, step, torch, value, weighted
    import torch

    from tests.trainer.goal_tasks import built, put, step, value, weighted
    from trainer_proc.evaluation.suites.registry import find_suite


@pytest.fixture(scope="module")
def stage():
    with built("g1-reach", 36) as stage:
        yield stage


@pytest.fixture
def command(stage):
    stage.reset(1)
    return stage.task.command_manager.get_term("reach")


def hand(stage):
    robot = stage.task.scene["robot"]
    return robot.data.site_pos_w[:, robot.site_names.index("right_palm")].clone()


def test_the_reward_falls_with_the_distance_of_the_hand(stage, command):
    put(stage)
    command.target_pos[:] = hand(stage) + torch.tensor([0.0, 0.06, 0.08])
    assert value(stage, "reach").tolist() == pytest.approx([math.exp(-0.1 / 0.1)] * 36, rel=1e-3)
    assert value(stage, "approach").tolist() == pytest.approx([math.exp(-0.1 / 0.5)] * 36, rel=1e-3)
    stage.set({"reward/reach/std": 0.2})
    assert value(stage, "reach").tolist() == pytest.approx([math.exp(-0.1 / 0.2)] * 36, rel=1e-3)
    stage.set({"reward/reach/std": 0.1})
    command.target_pos[:] = hand(stage)
    assert value(stage, "reach").tolist() == pytest.approx([1.0] * 36)


def test_balance_is_the_distance_of_the_centre_of_mass_from_the_line_between_the_feet(stage, command):
    robot = stage.task.scene["robot"]
    masses = torch.from_numpy(stage.task.sim.mj_model.body_mass[robot.indexing.body_ids.numpy()]).float()

    def measured():
        centre = (robot.data.body_com_pos_w[0] * masses.unsqueeze(-1)).sum(0) / masses.sum()
        feet = robot.data.site_pos_w[0, [robot.site_names.index(f"{side}_foot") for side in ("left", "right")]]
        assert (feet[0, 0] - feet[1, 0]).abs() < 1e-5  # the line is along y
        assert feet[1, 1] < centre[1] < feet[0, 1]
        return math.exp(-abs(float(centre[0] - feet[0, 0])) / 0.2)

    stage.set({"event/base_com/ranges/0": (0.0, 0.0), "event/base_com/ranges/1": (0.0, 0.0)})
    put(stage)
    upright = float(value(stage, "balance")[0])
    assert upright == pytest.approx(measured(), abs=0.02)
    assert upright > 0.9
    put(stage, pitch=0.3)
    assert float(value(stage, "balance")[0]) == pytest.approx(measured(), abs=0.02)
    assert float(value(stage, "balance")[0]) < 0.5


def test_height_and_pose_of_all_but_the_reaching_arm_are_kept(stage, command):
    put(stage, height=0.66)
    assert value(stage, "base_height_l2").tolist() == pytest.approx([0.01] * 36, rel=1e-3)
    put(stage)
    kept = value(stage, "pose")
    assert value(stage, "base_height_l2").max() < 1e-4
    put(stage, joints={"right_elbow_joint": 1.2, "right_shoulder_pitch_joint": -0.5})
    assert torch.equal(value(stage, "pose"), kept)
    put(stage, joints={"left_elbow_joint": 1.2})
    assert (value(stage, "pose") < kept).all()


def test_every_weight_scales_its_term(stage, command):
    step(stage, 3, action=0.3)
    step(stage, 1, action=-0.3)
    before = weighted(stage)
    moved = {name for name, one in before.items() if abs(one) > 1e-8}
    assert moved >= {"reach", "approach", "balance", "base_height_l2", "joint_torques_l2", "action_rate_l2", "upright"}
    for name in before:
        stage.set({f"reward/{name}/weight": 2.0 * stage.steering.interventions.knobs.read(f"reward/{name}/weight")})
    after = weighted(stage)
    assert {name: after[name] for name in moved} == pytest.approx({name: 2 * before[name] for name in moved})
    for name in before:
        stage.set({f"reward/{name}/weight": 0.5 * stage.steering.interventions.knobs.read(f"reward/{name}/weight")})


def test_targets_are_sampled_ahead_of_the_robot_and_stay_in_the_world(stage, command):
    robot = stage.task.scene["robot"].data
    heading = robot.heading_w
    away = command.target_pos[:, :2] - robot.root_link_pos_w[:, :2]
    forward = away[:, 0] * heading.cos() + away[:, 1] * heading.sin()
    left = away[:, 1] * heading.cos() - away[:, 0] * heading.sin()
    for found, (low, high) in ((forward, (0.15, 0.35)), (left, (-0.35, 0.05)), (command.target_pos[:, 2], (0.9, 1.1))):
        assert found.min() >= low - 1e-4
        assert found.max() <= high + 1e-4
        assert found.max() - found.min() > (high - low) / 2
    assert torch.allclose(command.command.norm(dim=-1), (command.target_pos - robot.root_link_pos_w).norm(dim=-1))
    targets = command.target_pos.clone()
    step(stage, 3)
    assert torch.equal(command.target_pos, targets)


def test_a_target_is_reached_when_the_hand_has_stayed_there_for_a_second(stage, command):
    steps = round(1.0 / stage.task.step_dt)
    for _ in range(steps - 2):
        command.target_pos[:] = hand(stage)
        command.target_pos[0, 2] += 0.2  # one misses it
        step(stage)
    assert not command.episode_success.any()
    for _ in range(4):
        command.target_pos[:] = hand(stage)
        command.target_pos[0, 2] += 0.2
        step(stage)
    assert command.episode_success.tolist() == [0.0] + [1.0] * 35
    command.target_pos[:, 2] += 1.0  # reached once is enough
    step(stage)
    assert command.episode_success[1:].all()
    put(stage)  # nobody has fallen when the next target begins
    command.time_left[:] = 0.0
    step(stage)
    assert not command.episode_success.any()
    for _ in range(steps + 2):
        command.target_pos[:] = hand(stage)
        step(stage)
    assert command.episode_success.tolist() == [0.0] + [1.0] * 35  # the first one missed a target before
    stage.reset(2)
    assert not command.episode_success.any()


def test_a_break_begins_the_second_again(stage, command):
    put(stage)
    for number in range(round(1.5 / stage.task.step_dt)):
        command.target_pos[:] = hand(stage)
        if number == round(0.75 / stage.task.step_dt):
            command.target_pos[:, 2] += 0.2
        step(stage)
    assert not command.metrics["reached"].any()


def test_the_suite_commands_each_target_and_measures_the_distance(stage, command):
    suite = find_suite("commands")
    assert suite.cell_count(stage.spec, stage.task.cfg) == 36
    assert suite.overrides(stage.spec, stage.task.cfg) == {"env.episode_length_s": 5.0}
    plan = suite.plan(stage)
    plan.trial.begin(torch.arange(36))
    stage.reset(3)
    plan.trial.started()
    assert command.target_pos[:, 2].tolist() == pytest.approx([cell["height"] for cell in plan.cells])
    away = (command.target_pos - stage.task.scene["robot"].data.root_link_pos_w)[:, :2].norm(dim=-1)
    wanted = [math.hypot(cell["forward"], cell["left"]) for cell in plan.cells]
    assert away.tolist() == pytest.approx(wanted, abs=1e-3)
    step(stage)
    alive = torch.ones(36, dtype=torch.bool)
    plan.trial.step(alive)
    distances = command.metrics["distance"].clone()
    alive[0] = False
    command.metrics["distance"] += 1.0
    plan.trial.step(alive)
    measured = plan.trial.values()
    assert measured["distance"].tolist() == pytest.approx([float(distances[0]), *(distances[1:] + 1.0).tolist()])
    assert not measured["reached"].any()


def test_viewers_get_the_target_relative_to_the_origin_of_the_environment(stage, command):
    import numpy

    reader = stage.simulator.robot_reader("reach")
    assert reader.scene.command == ("reach x (m)", "reach y (m)", "reach z (m)")
    target = numpy.frombuffer(reader.read(3).target, "<f4")
    assert target == pytest.approx((command.target_pos - stage.task.scene.env_origins)[3].numpy(), abs=1e-5)
