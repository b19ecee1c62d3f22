"""Success in real mjlab environments, whose robots and cubes the test puts where it wants them."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from presets.success import Success
from tests.fake_training import ListLink
from tests.scripts import train_preset
from trainer_proc.contract.codec import unpack_values
from trainer_proc.contract.errors import TrainingError
from trainer_proc.contract.messages import IterationFinished, MetricSet
from trainer_proc.contract.run_folder import RunSpec
from trainer_proc.steering.boundary import Steering


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global CARTPOLE, G1, MjlabOnPolicyRunner, Operations, Simulated, SuccessRate, TaskVelocityCommandCfg
    global UniformVelocityCommandCfg, load_rl_cfg, make_rule, make_steerable, simulator_of, torch
    import torch
    from mjlab.rl import MjlabOnPolicyRunner
    from mjlab.tasks.registry import load_rl_cfg
    from mjlab.tasks.velocity.mdp import UniformVelocityCommandCfg

    from tests.operations import Operations
    from tests.trainer.knobs.simulated import CARTPOLE, G1, Simulated
    from trainer_proc.metrics.success.rate import SuccessRate
    from trainer_proc.metrics.success.rules import make_rule
    from trainer_proc.simulators.mjlab.tasks.task_command import TaskVelocityCommandCfg
    from trainer_proc.simulators.registry import simulator_of
    from trainer_proc.training.build import make_steerable


LIFT = "Mjlab-Lift-Cube-Yam"
STEPS = 10
"""Of an episode."""


def short(cfg):
    cfg.episode_length_s = STEPS * 0.02
    cfg.events.pop("push_robot", None)
    for command in cfg.commands.values():
        command.resampling_time_range = (0.06, 0.06)  # several commands in each episode


def with_tasks(cfg):
    """Four tasks, of which the fourth alone is drawn at a reset."""
    short(cfg)
    twist = cfg.commands["twist"]
    still = dict.fromkeys("abcd", (0.0, 0.0))
    cfg.commands["twist"] = TaskVelocityCommandCfg(
        entity_name=twist.entity_name,
        resampling_time_range=twist.resampling_time_range,
        ranges=UniformVelocityCommandCfg.Ranges(lin_vel_x=(-1.0, 1.0), lin_vel_y=(-1.0, 1.0), ang_vel_z=(-1.0, 1.0)),
        weights={"a": 0.0, "b": 0.0, "c": 0.0, "d": 1.0},
        task_lin_vel_x=still,
        task_lin_vel_y=still,
        task_ang_vel_z=still,
    )
    cfg.curriculum = {}


@pytest.fixture(scope="module")
def g1():
    return Simulated(G1, 4, with_tasks)


@pytest.fixture(scope="module")
def walking():
    return Simulated(G1, 4, short)


@pytest.fixture(scope="module")
def lift():
    return Simulated(LIFT, 3, short)


def step(simulated, put=lambda: None):
    """Take a step, then put robots elsewhere and have the simulator see it; return dones and time-outs."""
    with torch.inference_mode():
        env = simulated.runner.env
        _, _, dones, extras = env.step(torch.zeros(env.num_envs, env.num_actions))
        put()
        simulated.env.sim.forward()
    return dones > 0, extras["time_outs"].clone()


def outcomes(simulated, rule, put, episodes=1):
    """Run episodes that all end at the same step; return which succeeded, by episode and environment.

    `put(episode, step, command)` is called after each step; the command is the one that it was taken under.
    """
    simulated.reset()
    rule.begin()
    ended = []
    command = simulated.env.command_manager.get_command(simulated.env.command_manager.active_terms[0])
    steps = []
    for number in range(episodes * STEPS):
        before = command.clone()
        steps.append(step(simulated, lambda: put(number // STEPS, number % STEPS, before)))  # noqa: B023
        with torch.inference_mode():
            rule.step()
        if number % 7 == 6 or number == episodes * STEPS - 1:  # iterations end within episodes
            dones, time_outs = (torch.stack(seen) for seen in zip(*steps, strict=True))
            ended += rule.judge(dones, time_outs).success[dones.all(1)].tolist()
            steps.clear()
    assert len(ended) == episodes
    return ended


# --- velocity ---


def test_velocities_are_those_that_mjlab_tells(walking):
    robot, data = walking.robot, walking.data
    root = simulator_of(walking.env).root(robot)
    walking.reset()
    with torch.inference_mode():
        robot.write_root_link_velocity_to_sim(torch.randn(4, 6))
    for _ in range(5):
        step(walking)
    linear, angular = root.velocity_in_root_frame(root.orientation(), root.velocity())
    assert data.root_link_lin_vel_b.norm(dim=1).min() > 0.1
    torch.testing.assert_close(linear, data.root_link_lin_vel_b, atol=1e-4, rtol=1e-3)
    quaternion = root.quaternion(root.orientation())
    torch.testing.assert_close(torch.cat([root.position(), quaternion], dim=1), data.root_link_pose_w)
    torch.testing.assert_close(angular, data.root_link_ang_vel_b, atol=1e-4, rtol=1e-3)


def test_a_robot_that_follows_its_commands_succeeds(walking):
    robot = walking.robot

    def put(episode, number, command):
        velocity = torch.zeros(4, 6)
        velocity[:, :2], velocity[:, 5] = command[:, :2], command[:, 2]
        if episode == 0:
            velocity[1, 0] += 0.3
            velocity[2, 5] -= 0.3
            velocity[3, 1] += 1.0 if number == 4 else 0.1
        robot.write_root_link_velocity_b_to_sim(velocity)

    rule = make_rule(Success(kind="velocity"), walking.env, simulator_of(walking.env))
    assert outcomes(walking, rule, put, 2) == [[True, False, False, True], [True] * 4]
    wide = make_rule(
        Success(kind="velocity", linear_error=0.35, angular_error=0.35), walking.env, simulator_of(walking.env)
    )
    assert outcomes(walking, wide, put) == [[True] * 4]


# --- upright ---


def test_a_robot_that_stays_upright_in_its_place_succeeds(walking):
    robot, data = walking.robot, walking.data

    def put(episode, number, command):
        if number not in (3, 4):
            return
        there = 1.0 if number == 3 else -1.0  # and back
        pose = data.root_link_pose_w.clone()
        if episode == 0:
            pose[0, 0] += 0.4 * there
            pose[1, 0] += 0.6 * there
            pose[2, 1] -= 0.6 * there
            angle = torch.tensor(0.7 if number == 3 else 0.0)
            pose[3, 3:] = torch.stack([torch.cos(angle / 2), torch.sin(angle / 2), angle * 0, angle * 0])
        robot.write_root_link_pose_to_sim(pose)
        robot.write_root_link_velocity_to_sim(torch.zeros(4, 6))

    rule = make_rule(Success(kind="upright"), walking.env, simulator_of(walking.env))
    assert outcomes(walking, rule, put, 2) == [[True, False, False, False], [True] * 4]
    wide = make_rule(Success(kind="upright", box=(0.7, 0.5), tilt=0.9), walking.env, simulator_of(walking.env))
    assert outcomes(walking, wide, put) == [[True, True, False, True]]


# --- environment ---


def test_a_cube_that_was_at_its_target_is_a_success(lift):
    command = lift.env.command_manager.get_term("lift_height")
    command.cfg.resampling_time_range = (1e9, 1e9)  # a new target takes the success back

    def put(episode, number, _):
        if number == 5 and episode < 2:
            pose = torch.cat([command.target_pos, torch.tensor([[1.0, 0.0, 0.0, 0.0]] * 3)], dim=1)
            cube = 1 if episode == 0 else 2
            command.object.write_root_link_pose_to_sim(pose[cube : cube + 1], env_ids=torch.tensor([cube]))
            command.object.write_root_link_velocity_to_sim(torch.zeros(1, 6), env_ids=torch.tensor([cube]))

    rule = make_rule(Success(kind="environment"), lift.env, simulator_of(lift.env))
    assert outcomes(lift, rule, put, 3) == [[False, True, False], [False, False, True], [False] * 3]


# --- the rate of each task ---


def test_an_episode_counts_for_the_task_that_it_was_about(g1):
    command = g1.env.command_manager.get_term("twist")
    success = SuccessRate(g1.env)
    g1.reset()
    command.task_ids[:] = torch.tensor([0, 1, 1, 2])
    success.begin()
    lying = torch.tensor([[0.0, 0.0, 0.2, 0.5**0.5, 0.5**0.5, 0.0, 0.0]])
    for number in range(STEPS):

        def put(is_its_step=number == 4):
            if is_its_step:
                g1.robot.write_root_link_pose_to_sim(lying, env_ids=torch.tensor([1]))

        dones, time_outs = step(g1, put)
        success.step(dones, {"time_outs": time_outs})
    assert dones.tolist() == [True, False, True, True]
    assert command.task_ids.tolist() == [3, 3, 3, 3]
    rates = {name: value for name, value in success.collect().items() if name.startswith("Success/task/")}
    assert rates == {"Success/task/a": 1.0, "Success/task/b": 0.5, "Success/task/c": 1.0}


# --- in a training ---


@pytest.mark.parametrize("kind", ["velocity", "upright"])
def test_a_training_publishes_its_success_rate(kind, folder):
    g1 = Simulated(G1, 4, with_tasks)
    agent = asdict(load_rl_cfg(G1)) | {"num_steps_per_env": STEPS, "logger": "tensorboard"}
    runner = MjlabOnPolicyRunner(g1.runner.env, agent, str(folder.path), "cpu")
    link = ListLink()
    spec = RunSpec(
        preset="g1",
        backend="mjlab",
        task=G1,
        experiment="g1",
        device="cpu",
        num_envs=4,
        iterations=10,
        seed=3,
        success={"kind": kind, "window": 6},
    )
    make_steerable(runner, Steering(link), link, folder, spec)
    runner.learn(3, init_at_random_ep_len=True)
    runner.logger.writer.close()
    names = {body.id: body.names for body in link.of(MetricSet)}
    published = [
        dict(zip(names[body.metric_set], unpack_values(body.values), strict=True))
        for body in link.of(IterationFinished)
    ]
    assert [metrics["Train/finished_episodes"] for metrics in published] == [1, 1, 1]  # of the one without noise
    assert [metrics["Train/success_episodes"] for metrics in published] == [1, 2, 3]
    assert {metrics["Train/success_window"] for metrics in published} == {6}
    assert 0 <= published[-1]["Train/success_rate"] <= 1
    assert "Success/task/d" in published[-1]
    if kind == "upright":  # it has no time to fall
        assert published[-1]["Train/success_rate"] == 1.0


# --- what it costs, and what doesn't fit ---


@pytest.mark.parametrize(("kind", "kernels"), [("time-out", 2), ("upright", 3), ("velocity", 3)])
def test_a_step_takes_a_few_kernels_and_waits_for_nothing(g1, kind, kernels):
    success = SuccessRate(g1.env, Success(kind=kind), simulator=simulator_of(g1.env))
    success.begin()
    time_outs = torch.zeros(4, dtype=torch.bool)
    success.step(torch.zeros(4), {"time_outs": time_outs})
    with torch.inference_mode(), Operations() as operations:
        dones = torch.zeros(4)
        operations.names.clear()
        success.step(dones, {"time_outs": time_outs})
    assert len(operations.names) == kernels, operations.names  # one of them for the tasks
    assert set(operations.names) <= {"clone.default", "cat.default", "stack.default"}


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"kind": "velocity", "command": "base_velocity"}, "no such command: base_velocity; there are twist"),
        ({"kind": "environment"}, "got neither; there are twist"),
    ],
)
def test_a_definition_that_does_not_fit_the_g1_is_refused(g1, definition, message):
    with pytest.raises(TrainingError, match=message):
        SuccessRate(g1.env, Success(**definition), simulator=simulator_of(g1.env))


def test_a_training_whose_success_does_not_fit_fails_before_the_first_iteration(tmp_path):
    run = train_preset(tmp_path / "run", success={"kind": "velocity"})
    assert run.ends() == 1
    assert run.state.iteration is None
    assert (run.state.phase.phase, run.state.phase.detail) == (
        "failed",
        "success of kind velocity: the task has no velocity command of a robot; it has no commands",
    )


def test_a_bolted_cartpole_has_no_place_to_stay_in():
    env = Simulated(CARTPOLE, 1).env
    with pytest.raises(TrainingError, match="needs a robot that can move"):
        SuccessRate(env, Success(kind="upright"), simulator=simulator_of(env))
