"""`g1-multitask`: jumps beside tasks of velocities; jumps are throws of the robot's base, made by hand."""

from __future__ import annotations

import math

import pytest

pytestmark = pytest.mark.real

G = 9.81
TASKS = ("stand", "walk", "run", "turn", "jump")
COUNT = 2 * len(TASKS)
JUMPS = [number for number in range(COUNT) if TASKS[number % len(TASKS)] == "jump"]
OTHERS = [number for number in range(COUNT) if number not in JUMPS]
FOR_JUMPS = ("jump_height", "landed", "jump_distance", "flight_time")


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global COMMANDED, LANDED, STANDING, WAITING, Success, SuccessRate, built, find_suite, goals_of, mdp, numpy
    global put, simulator_of, step, torch, unitree_g1_flat_env_cfg, value
    import numpy
    import torch
    from mjlab.tasks.velocity import mdp
    from mjlab.tasks.velocity.config.g1.env_cfgs import unitree_g1_flat_env_cfg

    from presets.success import Success
    from tests.trainer.goal_tasks import built, put, step, value
    from trainer_proc.evaluation.suites.goals import goals_of
    from trainer_proc.evaluation.suites.registry import find_suite
    from trainer_proc.metrics.success.rate import SuccessRate
    from trainer_proc.simulators.mjlab.tasks.g1_goal import STANDING
    from trainer_proc.simulators.mjlab.tasks.jump_command import COMMANDED, LANDED, WAITING
    from trainer_proc.simulators.registry import simulator_of


@pytest.fixture(scope="module")
def built_stage():
    with built("g1-multitask", COUNT) as stage:
        yield stage


@pytest.fixture
def stage(built_stage):
    twist(built_stage).hold_tasks(torch.arange(COUNT) % len(TASKS))
    built_stage.reset(1)
    return built_stage


def twist(stage):
    return stage.task.command_manager.get_term("twist")


@pytest.fixture
def command(stage):
    return stage.task.command_manager.get_term("jump")


def wait_for_the_command(stage, command):
    """Let all robots stand until those that jump are commanded to."""
    for _ in range(60):
        put(stage)
        step(stage)
        if set(command.phase[JUMPS].tolist()) == {COMMANDED}:
            return
    raise AssertionError(f"phases after 1.2 s of standing: {command.phase.tolist()}")


def throw(stage, command, rise):
    """Throw all robots up so that their roots rise by `rise` (m), until those that jump have landed."""
    put(stage, height=STANDING, velocity=(0.0, 0.0, math.sqrt(2.0 * G * rise)))
    for _ in range(60):
        step(stage)
        if set(command.phase[JUMPS].tolist()) == {LANDED}:
            return
    raise AssertionError(f"phases: {command.phase.tolist()}")


def test_only_the_task_jump_is_told_to_jump_and_all_else_of_the_command_is_still(stage, command):
    assert twist(stage).task_names == TASKS
    wait_for_the_command(stage, command)
    assert command.has_goal.nonzero().flatten().tolist() == JUMPS
    assert command.command[JUMPS, 0].eq(1.0).all()
    assert not twist(stage).command[JUMPS].any()
    throw(stage, command, 0.2)  # the others fly too
    assert set(command.phase[OTHERS].tolist()) == {WAITING}
    assert not command.command[OTHERS].any()
    assert not command.rise[OTHERS].any()


def test_the_jump_is_the_last_of_the_observations_and_the_others_keep_their_order(stage):
    manager = stage.task.observation_manager
    for name, group in unitree_g1_flat_env_cfg().observations.items():
        assert manager.active_terms[name] == [*group.terms, "jump"]
        assert manager.group_obs_term_dim[name][-1] == (4,)


def test_other_tasks_are_rewarded_as_by_mjlab_to_the_bit(stage, command):
    wait_for_the_command(stage, command)
    put(stage, height=STANDING, velocity=(0.7, 0.0, 1.0), joints={"left_knee_joint": 0.9})
    step(stage)
    manager = stage.task.reward_manager
    tracking, pose = manager.get_term_cfg("track_linear_velocity"), manager.get_term_cfg("pose")
    plain = {name: setting for name, setting in tracking.params.items() if name != "jump"}
    of_mjlab = {
        "track_linear_velocity": mdp.track_linear_velocity(stage.task, **plain),
        "pose": mdp.variable_posture(pose, stage.task)(
            stage.task, **{name: setting for name, setting in pose.params.items() if name != "jump"}
        ),
    }
    for name, expected in of_mjlab.items():
        assert torch.equal(value(stage, name)[OTHERS], expected[OTHERS])
        assert expected[JUMPS].all()
        assert not value(stage, name)[JUMPS].any()  # a jump needs other velocities and another pose
    for name in FOR_JUMPS:
        assert not value(stage, name)[OTHERS].any()


def test_to_jump_and_land_pays_more_than_to_stand_before_and_after(stage, command):
    def paid():
        """Return the weighted sum of all rewards for the first robot that jumps."""
        manager = stage.task.reward_manager
        return sum(
            manager.get_term_cfg(name).weight * float(value(stage, name)[JUMPS[0]]) for name in manager.active_terms
        )

    put(stage)
    waits = paid()
    wait_for_the_command(stage, command)
    command.height[:] = 0.1
    put(stage)
    remains = paid()
    put(stage, height=STANDING, velocity=(0.0, 0.0, math.sqrt(2.0 * G * 0.2)))
    takes_off = paid()
    assert takes_off > remains + 2.0
    throw(stage, command, 0.2)
    command.landing_error[:] = 0.0
    put(stage)
    command.target_pos[:, :2] = stage.task.scene["robot"].data.root_link_pos_w[:, :2]
    landed = paid()
    assert landed > 2 * remains
    assert landed > waits + 4.0
    put(stage, pitch=0.8)  # bent over
    assert paid() < landed - 4.0
    assert remains < waits


def test_a_parameter_that_the_pose_copied_takes_effect(stage, command):
    bent = {"left_knee_joint": 0.7}
    put(stage, joints=bent)
    before = value(stage, "pose")
    stage.set({"reward/pose/std_standing/.*": 0.1})
    still = twist(stage).command.norm(dim=-1) < 0.05
    assert torch.allclose(value(stage, "pose")[still].log(), before[still].log() / 4, rtol=1e-3)
    stage.set({"reward/pose/std_standing/.*": 0.05})


def test_an_episode_of_jumping_succeeds_by_its_jump_and_others_by_their_velocity(stage, command):
    success = SuccessRate(stage.task, Success(kind="velocity"), simulator=simulator_of(stage.task))
    wait_for_the_command(stage, command)
    success.begin()
    command.height[JUMPS[0]] = 0.4  # this jump is too low
    command.target_pos[:, :2] = stage.task.scene.env_origins[:, :2]
    throw(stage, command, 0.2)
    for _ in range(round(1.3 / stage.task.step_dt)):
        put(stage)
        _step_and_count(stage, success)
    assert command.episode_success[JUMPS].tolist() == [0.0, 1.0]
    stage.task.episode_length_buf[:] = stage.task.max_episode_length
    _step_and_count(stage, success)
    rates = {name: rate for name, rate in success.collect().items() if name.startswith("Success/task/")}
    assert rates["Success/task/jump"] == 0.5
    assert rates["Success/task/stand"] == 1.0  # the others were to move
    assert rates["Success/task/run"] == 0.0


def _step_and_count(stage, success):
    _, _, dones, extras = stage.env.step(torch.zeros(COUNT, int(stage.env.num_actions)))
    success.step(dones, extras)


def test_measures_of_jumps_are_means_over_jumps_alone(stage, command):
    wait_for_the_command(stage, command)
    command.metrics["apex"][:] = torch.arange(COUNT) * 0.1
    assert command.reset(torch.tensor(OTHERS)) == {}
    command.metrics["apex"][:] = torch.arange(COUNT) * 0.1
    assert command.reset(torch.arange(COUNT))["apex"] == pytest.approx(0.1 * sum(JUMPS) / len(JUMPS))


def test_viewers_get_a_landing_place_of_jumps_alone(stage):
    reader = stage.simulator.robot_reader("multitask")
    shown = [numpy.isfinite(numpy.frombuffer(reader.read(number).target, "<f4")).all() for number in range(COUNT)]
    assert [number for number, is_shown in enumerate(shown) if is_shown] == JUMPS


def test_the_suite_quick_plays_each_task_by_itself(stage, command):
    suite = find_suite("quick")
    assert suite.cell_count(stage.spec, stage.task.cfg) == len(TASKS)
    plan = suite.plan(stage)
    assert [cell["task"] for cell in plan.cells] == list(TASKS)
    cells = torch.arange(COUNT) // 2
    plan.trial.begin(cells)
    stage.reset(3)
    assert twist(stage).task_ids.tolist() == cells.tolist()
    assert command.has_goal.nonzero().flatten().tolist() == [8, 9]
    values = [{"success": [1.0, 0.0]}] * 4 + [{"success": [None, 0.0]}]
    assert suite.notes(plan, values) == ["success by task: stand 0.50, walk 0.50, run 0.50, turn 0.50, jump 0.00"]


def test_the_suite_commands_holds_velocities_and_nobody_jumps(stage, command):
    suite = find_suite("commands")
    assert goals_of(stage.task.cfg) is None
    plan = suite.plan(stage)
    assert {axis.name for axis in plan.axes} == {"forward", "lateral", "yaw"}
    plan.trial.begin(torch.arange(COUNT))
    stage.reset(3)
    plan.trial.started()
    assert not command.has_goal.any()
