"""`g1-loco-manipulation`: where box and table are, what the terms reward, and its stages; states are made by hand."""

from __future__ import annotations

import math

import pytest

pytestmark = pytest.mark.real

COUNT = 9
ARMS = {"shoulder_pitch": -0.49, "shoulder_roll": 0.07, "shoulder_yaw": 0.03, "elbow": 1.0, "wrist_yaw": 0.02}
"""Positions (rad) of the left arm that bring the palm to 0.33 m ahead, 0.15 m beside the middle and 0.75 m high."""
MIRRORED = ("shoulder_roll", "shoulder_yaw", "wrist_yaw")
BETWEEN_THE_HANDS = (0.33, 0.0, 0.75)
OBJECTS = {"table/table_top", "box/box_geom"}


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global ON_THE_GROUND, built, find_suite, mujoco, put, step, torch, value
    import mujoco
    import torch

    from tests.trainer.goal_tasks import ON_THE_GROUND, built, put, step, value
    from trainer_proc.evaluation.suites.registry import find_suite


@pytest.fixture(scope="module")
def stage():
    with built("g1-loco-manipulation", COUNT) as stage:
        yield stage


@pytest.fixture
def command(stage):
    stage.reset(1)
    return stage.task.command_manager.get_term("lift")


def arms(spread=0.0):
    """Return the positions of both arms by joint (rad), with the hands `spread` (rad) farther apart."""
    left = ARMS | {"shoulder_roll": ARMS["shoulder_roll"] + spread, "shoulder_yaw": ARMS["shoulder_yaw"] + spread}
    joints = {f"left_{name}_joint": position for name, position in left.items()}
    return joints | {f"right_{name}_joint": -one if name in MIRRORED else one for name, one in left.items()}


def hold(stage, place=BETWEEN_THE_HANDS, spread=0.0):
    """Put all robots with their hands ahead, `spread` (rad) farther apart, and the boxes at `place` (m)."""
    box = stage.task.scene["box"]
    pose = torch.cat([stage.task.scene.env_origins + torch.tensor(place), torch.zeros(COUNT, 4)], dim=-1)
    pose[:, 3] = 1.0
    box.write_root_link_pose_to_sim(pose)
    box.write_root_link_velocity_to_sim(torch.zeros(COUNT, 6))
    put(stage, joints=arms(spread))
    stage.task.scene.update(dt=0.0)  # contacts


def stages_after(stage, command, seconds, **where):
    for _ in range(round(seconds / stage.task.step_dt)):
        hold(stage, **where)
        step(stage)
    hold(stage, **where)
    stage.task.command_manager.compute(dt=0.0)
    return set(command.stage.tolist())


def test_the_box_rests_on_a_table_ahead_of_the_robot(stage, command):
    robot, box = stage.task.scene["robot"].data, stage.task.scene["box"].data
    away = box.root_link_pos_w - robot.root_link_pos_w
    forward = away[:, 0] * robot.heading_w.cos() + away[:, 1] * robot.heading_w.sin()
    left = away[:, 1] * robot.heading_w.cos() - away[:, 0] * robot.heading_w.sin()
    assert forward.min() >= 0.35 - 1e-4
    assert forward.max() <= 0.4 + 1e-4
    assert left.abs().max() < 1e-4
    places = box.root_link_pos_w.clone()
    step(stage, 15)
    assert (stage.task.scene["box"].data.root_link_pos_w - places).norm(dim=-1).max() < 0.01
    assert command.lift.abs().max() < 0.01


def test_a_robot_that_stands_before_the_table_touches_neither_table_nor_box(stage, command):
    sim = stage.task.sim
    data = mujoco.MjData(sim.mj_model)
    for number in range(COUNT):
        data.qpos[:], data.mocap_pos[:] = sim.data.qpos[number], sim.data.mocap_pos[number]
        data.mocap_quat[:] = sim.data.mocap_quat[number]
        data.qpos[stage.task.scene["robot"].indexing.free_joint_q_adr[2]] = ON_THE_GROUND
        mujoco.mj_forward(sim.mj_model, data)
        pairs = [tuple(sim.mj_model.geom(geom).name for geom in contact.geom) for contact in data.contact]
        assert any("robot/left_foot" in name for pair in pairs for name in pair)
        assert not [pair for pair in pairs if any("robot/" in name for name in pair) and {*pair} & OBJECTS]


def test_coming_nearer_and_reaching_are_rewarded_by_distance(stage, command):
    hold(stage, place=(0.85, 0.0, 0.75))
    assert value(stage, "approach").tolist() == pytest.approx([math.exp(-0.5 / 0.5)] * COUNT, rel=1e-3)
    hold(stage, place=(0.3, 0.0, 0.75))
    assert value(stage, "approach").tolist() == [1.0] * COUNT
    hold(stage)
    robot, box = stage.task.scene["robot"], stage.task.scene["box"].data.root_link_pos_w
    palms = robot.data.site_pos_w[:, [robot.site_names.index(f"{side}_palm") for side in ("left", "right")]]
    sides = torch.tensor([[0.0, 0.155, 0.0], [0.0, -0.155, 0.0]])
    distances = (palms - box.unsqueeze(1) - sides).norm(dim=-1)
    assert distances.max() < 0.02
    assert torch.allclose(value(stage, "reach"), (-distances / 0.1).exp().mean(-1), rtol=1e-4)
    assert torch.allclose(value(stage, "reach_far"), (-distances / 0.5).exp().mean(-1), rtol=1e-4)


def test_a_grasp_needs_both_hands(stage, command):
    hold(stage)
    assert value(stage, "grasp").tolist() == [1.0] * COUNT
    hold(stage, place=(0.33, 0.03, 0.75))
    assert not value(stage, "grasp").any()  # only the left hand touches it
    hold(stage, spread=0.3)
    assert not value(stage, "grasp").any()


def test_hands_that_are_pressed_together_carry_the_box(stage, command):
    hold(stage)
    everyone = torch.arange(COUNT)
    elsewhere = torch.tensor([[0.0, 0.0, 50.0, 1.0, 0.0, 0.0, 0.0]]).expand(COUNT, 7)
    stage.task.scene["table"].write_mocap_pose_to_sim(elsewhere, env_ids=everyone)
    robot, box, action = (
        stage.task.scene["robot"],
        stage.task.scene["box"],
        stage.task.action_manager.get_term("joint_pos"),
    )
    targets = robot.data.default_joint_pos.clone()
    for joint, position in arms(spread=-0.8).items():
        targets[:, robot.joint_names.index(joint)] = position
    order = [robot.joint_names.index(name) for name in action.target_names]
    pressed = (targets[:, order] - action.offset) / action.scale
    for _ in range(round(0.4 / stage.task.step_dt)):
        stage.env.step(pressed)
    palms = robot.data.site_pos_w[:, [robot.site_names.index(f"{side}_palm") for side in ("left", "right")], 2].mean(-1)
    assert (palms - box.data.root_link_pos_w[:, 2]).abs().max() < 0.05  # in free fall it would be 0.8 m below
    assert value(stage, "grasp").all()


def test_lifting_is_rewarded_in_both_hands_only(stage, command):
    command.rest_height[:] = 0.7
    hold(stage)
    assert value(stage, "lift").tolist() == pytest.approx([1 / 3] * COUNT, abs=0.01)
    hold(stage, spread=0.3)
    assert not value(stage, "lift").any()
    command.rest_height[:] = 0.5
    hold(stage)
    assert value(stage, "lift").tolist() == [1.0] * COUNT


def test_stages_follow_each_other_and_the_required_one_has_to_last(stage, command):
    command.rest_height[:] = 0.75
    assert stages_after(stage, command, 0.0, place=(1.0, 0.0, 0.75)) == {0}
    assert stages_after(stage, command, 0.0, place=(0.33, 0.0, 0.9)) == {1}
    assert stages_after(stage, command, 0.0, spread=0.15) == {2}
    assert stages_after(stage, command, 0.0) == {3}
    stage.set({"command/lift/required_stage": 4.0})
    assert stages_after(stage, command, 1.2) == {3}
    assert not command.episode_success.any()
    command.rest_height[1:] = 0.64
    assert stages_after(stage, command, 0.8) == {3, 4}
    assert not command.episode_success.any()
    stages_after(stage, command, 0.3)
    assert command.episode_success.tolist() == [0.0] + [1.0] * (COUNT - 1)
    assert command.metrics["stage"].tolist() == [3.0] + [4.0] * (COUNT - 1)
    stage.set({"command/lift/required_stage": 2.0})


def test_a_dropped_box_ends_the_episode(stage, command):
    hold(stage, place=(0.33, 0.0, 0.3))
    step(stage)
    assert stage.task.termination_manager.get_term("box_dropped").all()
    assert (stage.task.scene["box"].data.root_link_pos_w[:, 2] > 0.6).all()  # of the next episode


def test_the_suite_places_the_box(stage, command):
    suite = find_suite("commands")
    assert suite.cell_count(stage.spec, stage.task.cfg) == COUNT
    plan = suite.plan(stage)
    plan.trial.begin(torch.arange(COUNT))
    stage.reset(3)
    plan.trial.started()
    away = (stage.task.scene["box"].data.root_link_pos_w - stage.task.scene["robot"].data.root_link_pos_w)[:, :2]
    wanted = [math.hypot(cell["distance"], cell["left"]) for cell in plan.cells]
    assert away.norm(dim=-1).tolist() == pytest.approx(wanted, abs=1e-3)
    assert set(plan.trial.values()) == {"lifted", "stage", "lift"}
