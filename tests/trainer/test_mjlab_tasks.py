"""This program's own mjlab tasks, built."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global HELD_JOINTS, Simulated, shares, torch, trainer_proc
    import torch

    import trainer_proc.simulators.mjlab.tasks
    from tests.trainer.knobs.simulated import Simulated
    from trainer_proc.simulators.mjlab.tasks.g1_23dof import HELD_JOINTS
    from trainer_proc.simulators.mjlab.tasks.task_command import shares


TASKS = ("stand", "walk", "run", "turn", "jump")
WEIGHT = "command/twist/weights/"


@pytest.fixture(scope="module")
def fewer_joints():
    return Simulated("HumanoidTui-Velocity-Flat-Unitree-G1-23Dof", 2)


@pytest.fixture(scope="module")
def built_multitask():
    return Simulated("HumanoidTui-Multitask-Flat-Unitree-G1", 64)


@pytest.fixture
def multitask(built_multitask):
    yield built_multitask
    built_multitask.put_back()


def command_of(simulated):
    return simulated.env.command_manager.get_term("twist")


# --- 23 joints ---


def test_the_held_joints_are_gone_and_their_links_stay(fewer_joints):
    names = fewer_joints.robot.joint_names
    assert len(names) == 23
    assert not set(HELD_JOINTS) & set(names)
    assert {"waist_yaw_joint", "left_wrist_roll_joint", "right_wrist_roll_joint"} <= set(names)
    assert {"left_wrist_yaw_link", "torso_link"} <= set(fewer_joints.robot.body_names)
    model = fewer_joints.env.sim.mj_model
    assert (model.nu, model.nv) == (23, 23 + 6)
    assert model.body_mass.sum() == pytest.approx(
        Simulated("Mjlab-Velocity-Flat-Unitree-G1", 1).env.sim.mj_model.body_mass.sum()
    )


def test_actions_and_observations_are_of_23_joints(fewer_joints):
    assert fewer_joints.env.action_manager.total_action_dim == 23
    shapes = fewer_joints.env.observation_manager.group_obs_term_dim["actor"]
    by_term = dict(zip(fewer_joints.env.observation_manager.active_terms["actor"], shapes, strict=True))
    assert by_term["joint_pos"] == by_term["joint_vel"] == by_term["actions"] == (23,)


def test_it_stands_for_a_while(fewer_joints):
    fewer_joints.reset()
    fewer_joints.step(steps=10)
    assert (fewer_joints.data.root_link_pos_w[:, 2] > 0.6).all()


# --- terrain ---


def test_the_terrain_has_five_types_that_get_harder_by_level():
    simulated = Simulated("HumanoidTui-Velocity-Terrains-Unitree-G1", 10)
    terrain = simulated.env.scene.terrain
    generator = terrain.cfg.terrain_generator
    assert list(generator.sub_terrains) == ["flat", "rough", "slopes", "stairs", "obstacles"]
    assert generator.curriculum
    assert terrain.terrain_origins.shape == (10, 5, 3)
    assert set(terrain.terrain_types.tolist()) == {0, 1, 2, 3, 4}
    heights = terrain.terrain_origins[:, :, 2]
    assert (heights[:, 0] == 0).all()
    for column in (2, 3):  # slopes and stairs are climbed to the middle, where a robot starts
        assert (heights[1:, column] > heights[:-1, column]).all()
    fields = simulated.env.sim.mj_model.hfield_size[:, 2].reshape(3, 10)  # the heights of rough, slopes, obstacles
    assert (fields[:, 1:] >= fields[:, :-1]).all()
    assert fields[:, -1].tolist() == pytest.approx([0.1, 0.83, 0.4], abs=0.02)  # obstacles are pits, too
    simulated.step(steps=2)


# --- several tasks ---


def test_weights_are_shares():
    assert shares({"a": 1.0, "b": 3.0}, ("a", "b")) == [0.25, 1.0]
    assert shares({"a": 1.0, "b": 0.0}, ("a", "b")) == [1.0, 1.0]
    assert shares({"a": 0.0, "b": 0.0}, ("a", "b")) == [0.5, 1.0]
    assert shares({"a": -5.0, "b": 2.0}, ("a", "b")) == [0.0, 1.0]


def test_a_task_is_sampled_for_each_episode_by_weight(multitask):
    command = command_of(multitask)
    assert command.task_names == TASKS
    multitask.reset()
    assert command.task_ids.shape == (64,)
    assert command.task_ids.dtype == torch.long
    assert set(command.task_ids.tolist()) == set(range(5))
    for task in ("stand", "run", "turn", "jump"):
        multitask.set(WEIGHT + task, 0.0)
    multitask.reset(*range(32))
    assert set(command.task_ids[:32].tolist()) == {1}
    assert set(command.task_ids[32:].tolist()) == set(range(5))  # their episodes continue


def test_without_any_weight_all_tasks_are_sampled(multitask):
    for task in TASKS:
        multitask.set(WEIGHT + task, 0.0)
    multitask.reset()
    assert set(command_of(multitask).task_ids.tolist()) == set(range(5))


def test_velocities_are_those_of_the_task(multitask):
    multitask.reset()
    command = command_of(multitask)
    low_high = {
        "stand": ((0, 0), (0, 0), (0, 0)),
        "walk": ((-0.5, 1.2), (-0.4, 0.4), (-0.5, 0.5)),
        "run": ((1.2, 3.0), (-0.2, 0.2), (-0.3, 0.3)),
        "turn": ((0, 0), (0, 0), (-1.2, 1.2)),
        "jump": ((0, 0), (0, 0), (0, 0)),
    }
    for number, task in enumerate(TASKS):
        drawn = command.command[command.task_ids == number]
        for axis, (low, high) in enumerate(low_high[task]):
            assert (drawn[:, axis] >= low).all()
            assert (drawn[:, axis] <= high).all()
            assert high == low or drawn[:, axis].unique().numel() > 1


def test_the_task_stays_for_the_episode_while_velocities_change(multitask):
    multitask.reset()
    command = command_of(multitask)
    tasks, velocities = command.task_ids.clone(), command.command.clone()
    everyone = torch.arange(64)
    with torch.inference_mode():
        command._resample(everyone)
    assert (command.task_ids == tasks).all()
    walking = tasks == TASKS.index("walk")
    assert (command.command[walking] != velocities[walking]).any(dim=1).all()


def test_ranges_of_tasks_and_the_limits_of_all_are_knobs(multitask):
    multitask.set("command/twist/task_lin_vel_x/walk", (0.4, 0.5))
    multitask.set("command/twist/lin_vel_x", (0.0, 2.0))
    multitask.set("command/twist/rel_forward_envs", 1.0)
    multitask.reset()
    command = command_of(multitask)
    forward, lateral, yaw = command.command.unbind(dim=1)
    walking, running = command.task_ids == 1, command.task_ids == 2
    assert (forward[walking] >= 0.4).all()
    assert (forward[walking] <= 0.5).all()
    assert forward[running].max() == 2.0  # sampled up to 3
    assert not lateral.any()
    assert not yaw.any()


def test_each_task_needs_its_ranges(built_multitask):
    from dataclasses import replace

    cfg = replace(command_of(built_multitask).cfg, task_lin_vel_x={"walk": (0.0, 1.0)})
    with pytest.raises(ValueError, match="expected ranges for each of the tasks stand, walk, run, turn, jump"):
        cfg.build(built_multitask.env)


# --- for the robot ---


def test_the_actor_of_the_robot_sees_no_velocity_and_the_critic_sees_all_without_delay():
    simulated = Simulated("HumanoidTui-Velocity-Flat-Unitree-G1-Deploy", 2)
    manager = simulated.env.observation_manager
    assert "base_lin_vel" not in manager.active_terms["actor"]
    assert "base_lin_vel" in manager.active_terms["critic"]
    lags = {
        group: {name: manager.get_term_cfg(group, name).delay_max_lag for name in manager.active_terms[group]}
        for group in ("actor", "critic")
    }
    assert {name for name, lag in lags["actor"].items() if lag} == {
        "base_ang_vel",
        "projected_gravity",
        "joint_pos",
        "joint_vel",
    }
    assert not any(lags["critic"].values())
    assert manager.group_obs_dim["actor"] == (5 * (3 + 3 + 3 * 29 + 3),)
    assert all(actuator.has_delay for actuator in simulated.robot.actuators)
    plain = Simulated("Mjlab-Velocity-Flat-Unitree-G1", 1)  # its actuators are shared by all tasks of the robot
    assert not any(actuator.has_delay for actuator in plain.robot.actuators)
