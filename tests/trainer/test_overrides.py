"""Overrides written into the real configurations of mjlab's tasks."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global BackendError, G1, apply_overrides
    from tests.trainer.knobs.simulated import G1
    from trainer_proc.simulators.base import BackendError
    from trainer_proc.simulators.overrides import apply_overrides


@pytest.fixture
def g1():
    """The environment's and the agent's configuration of the G1's velocity task."""
    from mjlab.tasks.registry import load_env_cfg, load_rl_cfg

    return {"env": load_env_cfg(G1), "agent": load_rl_cfg(G1)}


def test_fields_entries_and_elements_are_reached(g1):
    apply_overrides(
        g1,
        {
            "env.episode_length_s": 10,
            "env.commands.twist.ranges.lin_vel_x": [-1, 2],
            "env.commands.twist.ranges.ang_vel_z.1": 0.9,
            'env.rewards.pose.params.std_walking.".*knee.*"': 1,
            "env.events.push_robot.params.velocity_range": {"x": [-2, 2]},
            "env.events.push_robot.interval_range_s.0": 0.5,
            "env.sim.nconmax": 90,
            "agent.num_steps_per_env": 12,
            "agent.actor.hidden_dims": [64, 64],
            "agent.critic.hidden_dims.2": 16,
            "agent.algorithm.schedule": "fixed",
            "agent.clip_actions": 3.0,
        },
    )
    env, agent = g1["env"], g1["agent"]
    assert env.episode_length_s == 10.0
    assert env.commands["twist"].ranges.lin_vel_x == (-1.0, 2.0)
    assert env.commands["twist"].ranges.ang_vel_z == (-0.5, 0.9)
    assert env.rewards["pose"].params["std_walking"][".*knee.*"] == 1.0
    assert isinstance(env.rewards["pose"].params["std_walking"][".*knee.*"], float)
    assert env.events["push_robot"].params["velocity_range"] == {"x": (-2.0, 2.0)}
    assert env.events["push_robot"].interval_range_s == (0.5, 3.0)
    assert env.sim.nconmax == 90  # None before
    assert (agent.num_steps_per_env, agent.clip_actions) == (12, 3.0)
    assert (agent.actor.hidden_dims, agent.critic.hidden_dims) == ((64, 64), (512, 256, 16))
    assert agent.algorithm.schedule == "fixed"


def test_a_task_that_is_loaded_again_is_as_it_was(g1):
    from mjlab.tasks.registry import load_env_cfg

    apply_overrides(
        g1, {"env.rewards.pose.weight": 9.0, "env.scene.entities.robot.articulation.actuators.0.damping": 1}
    )
    again = load_env_cfg(G1)
    assert again.rewards["pose"].weight == 1.0
    assert again.scene.entities["robot"].articulation.actuators[0].damping != 1.0


def test_null_leaves_a_term_out_and_stays_a_word_where_a_text_is(g1):
    apply_overrides(
        g1,
        {
            "env.events.push_robot": "null",
            "env.sim.njmax": "null",
            "agent.actor.activation": "null",
            "env.rewards.pose.params": {"std_running": "null"},
        },
    )
    assert (g1["env"].events["push_robot"], g1["env"].sim.njmax, g1["agent"].actor.activation) == (None, None, "null")
    assert g1["env"].rewards["pose"].params == {"std_running": None}


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("env.episode_lenght_s", 1.0, "no such path: env.episode_lenght_s; nearest: env.episode_length_s"),
        ("env.rewards.psoe.weight", 1.0, "no such path: env.rewards.psoe; nearest: env.rewards.pose"),
        ("env.decimation.x", 1, "no such path: env.decimation.x; env.decimation is a number such as 4"),
        ("agent.actor.hidden_dims.7", 1, "agent.actor.hidden_dims has 3 elements, from 0"),
        ("agent.actor.hidden_dims.last", 1, "agent.actor.hidden_dims has 3 elements, from 0"),
        ("episode_length_s", 1.0, "expected the path of an override such as"),
        ("env.episode_length_s", "long", 'env.episode_length_s: expected a number, got "long"'),
        ("env.decimation", 2.5, "env.decimation: expected a whole number, got 2.5"),
        ("env.decimation", True, "env.decimation: expected a whole number, got true"),
        ("env.commands.twist.heading_command", "yes", 'heading_command: expected true or false, got "yes"'),
        ("env.commands.twist.ranges.lin_vel_x", [0, 1, 2], "lin_vel_x: expected a list of 2 numbers, got [0, 1, 2]"),
        ("env.commands.twist.ranges.lin_vel_x", 1.0, "lin_vel_x: expected a list of 2 numbers, got 1.0"),
        ("agent.actor.hidden_dims", ["many"], 'agent.actor.hidden_dims[0]: expected a whole number, got "many"'),
        ("agent.algorithm.schedule", "adaptiv", "agent.algorithm.schedule: expected one of adaptive, fixed"),
        ("env.events.push_robot.params.velocity_range.x", "far", 'x: expected a list of 2, got "far"'),
        ("env.events.push_robot.params.velocity_range.x", [0, "far"], 'x: expected a number such as 0.5, got "far"'),
        ("env.rewards", 3, "env.rewards: expected a table, got 3"),
        ("env.rewards.pose.func", "mine", 'env.rewards.pose.func: expected code, got "mine"'),
        ("env.scene.num_envs", 4, "env.scene.num_envs has no effect as an override: use --num-envs"),
        ("env.scene", {"num_envs": 4}, "env.scene.num_envs has no effect as an override: use --num-envs"),
        ("agent.resume", True, "agent.resume has no effect as an override: use --checkpoint FILE|RUN"),
    ],
)
def test_what_can_not_be_overridden_is_reported_in_one_line(g1, path, value, reason):
    with pytest.raises(BackendError) as error:
        apply_overrides(g1, {path: value})
    assert reason in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_an_unknown_name_without_a_near_one_is_reported_with_all_there_are(g1):
    with pytest.raises(BackendError, match=r"no such path: env.commands.zzz; there are twist$"):
        apply_overrides(g1, {"env.commands.zzz": 1})
