"""Overrides and Hydra's arguments, written into the real configurations of Isaac Lab's tasks."""

from __future__ import annotations

import dataclasses

import isaaclab_tasks  # noqa: F401
import pytest
from isaaclab_rl.rsl_rl import RslRlOnPolicyRunnerCfg
from isaaclab_tasks.utils import resolve_task_config

from presets.fixed_fields import has_effect
from tests.isaaclab.task_spec import task_spec
from trainer_proc.simulators.base import BackendError
from trainer_proc.simulators.isaaclab.launch import load_configurations
from trainer_proc.simulators.overrides import apply_overrides

G1 = "Isaac-Velocity-Rough-G1"


def configurations(task=G1, library="rsl_rl"):
    env, agent = resolve_task_config(task, f"{library}_cfg_entry_point", overrides=[])
    return {"env": env, "agent": agent}


def configured(*hydra, task=G1, library="rsl_rl", physics=""):
    spec = task_spec(task, physics=physics, hydra=hydra)
    return load_configurations(spec, f"{library}_cfg_entry_point")


@pytest.fixture
def g1():
    return configurations()


def test_fields_of_configclasses_their_terms_and_parameters_are_reached(g1):
    apply_overrides(
        g1,
        {
            "env.episode_length_s": 10,
            "env.sim.dt": 0.002,
            "env.sim.physics.solver_cfg.njmax": 300,
            "env.rewards.flat_orientation_l2.weight": -3,
            "env.rewards.track_lin_vel_xy_exp.params.std": 1,
            "env.commands.base_velocity.ranges.lin_vel_x": [-1, 2],
            "env.commands.base_velocity.ranges.ang_vel_z.1": 2,
            "env.scene.robot.init_state.joint_pos": {".*_knee_joint": 0.3},
            'env.scene.robot.actuators.legs.stiffness.".*_hip_yaw_joint"': 100,
            "env.observations.policy.joint_pos.noise.n_min": -0.1,
            "agent.algorithm.learning_rate": 1,
            "agent.clip_actions": 1.0,
        },
    )
    env, agent = g1["env"], g1["agent"]
    assert (env.episode_length_s, env.sim.dt, env.sim.physics.solver_cfg.njmax) == (10.0, 0.002, 300)
    assert env.rewards.flat_orientation_l2.weight == -3.0
    assert isinstance(env.rewards.track_lin_vel_xy_exp.params["std"], float)
    assert env.commands.base_velocity.ranges.lin_vel_x == (-1.0, 2.0)
    assert env.commands.base_velocity.ranges.ang_vel_z[1] == 2.0
    assert env.scene.robot.init_state.joint_pos == {".*_knee_joint": 0.3}
    assert env.scene.robot.actuators["legs"].stiffness[".*_hip_yaw_joint"] == 100.0
    assert env.observations.policy.joint_pos.noise.n_min == -0.1
    assert (agent.algorithm.learning_rate, agent.clip_actions) == (1.0, 1.0)


@pytest.mark.parametrize("nothing", ["null", None])  # TOML has no null
def test_a_term_is_left_out_by_setting_it_to_nothing(g1, nothing):
    apply_overrides(g1, {"env.events.push_robot": nothing, "env.curriculum.terrain_levels": nothing})
    assert g1["env"].events.push_robot is None
    assert g1["env"].curriculum.terrain_levels is None


def test_what_was_added_to_an_instance_is_reached(g1):
    from isaaclab.managers import RewardTermCfg

    g1["env"].rewards.mine = RewardTermCfg(func=len, weight=1.0)
    apply_overrides(g1, {"env.rewards.mine.weight": 2})
    assert g1["env"].rewards.mine.weight == 2.0


def test_what_is_not_filled_in_yet_takes_what_is_given(g1):
    from dataclasses import MISSING

    g1["env"].commands.base_velocity.asset_name = MISSING
    apply_overrides(g1, {"env.commands.base_velocity.asset_name": "robot"})
    assert g1["env"].commands.base_velocity.asset_name == "robot"


def test_a_table_goes_into_the_fields_that_it_names(g1):
    gravity = g1["env"].sim.gravity
    apply_overrides(g1, {"env.sim": {"dt": 0.004, "render_interval": 2}})
    assert (g1["env"].sim.dt, g1["env"].sim.render_interval, g1["env"].sim.gravity) == (0.004, 2, gravity)


def test_agents_that_are_mappings_are_reached():
    games = configurations("Isaac-Ant-Direct", "rl_games")
    assert isinstance(games["agent"]["params"]["config"]["learning_rate"], str)  # 3e-4 is a text to YAML
    apply_overrides(
        games,
        {
            "agent.params.config.learning_rate": 1e-3,
            "agent.params.config.gamma": 0.98,
            "agent.params.network.mlp.units": [64, 64],
        },
    )
    params = games["agent"]["params"]
    assert (params["config"]["learning_rate"], params["config"]["gamma"]) == (1e-3, 0.98)
    assert params["network"]["mlp"]["units"] == [64, 64]
    skrl = configurations("Isaac-Humanoid", "skrl")
    apply_overrides(skrl, {"agent.agent.learning_rate": 1e-3, "agent.models.policy.network.0.layers": [64]})
    assert skrl["agent"]["agent"]["learning_rate"] == 1e-3
    assert skrl["agent"]["models"]["policy"]["network"][0]["layers"] == [64]


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("env.episode_lenght_s", 1.0, "no such path: env.episode_lenght_s; nearest: env.episode_length_s"),
        ("env.events.push_robt", None, "no such path: env.events.push_robt; nearest: env.events.push_robot"),
        ("env.decimation", 2.5, "env.decimation: expected a whole number, got 2.5"),
        ("env.decimation", None, "env.decimation: expected a whole number, got nothing"),
        ("env.commands.base_velocity.resampling_time_range", [1, "x"], 'expected a number, got "'),
        ("agent.algorithm.entropy_coef", "high", 'expected a number, got "'),
        ("env.scene.num_envs", 4, "env.scene.num_envs has no effect as an override: use --num-envs"),
        ("env.sim.device", "cpu", "env.sim.device has no effect as an override: use --device"),
    ],
)
def test_what_can_not_be_overridden_is_told_in_one_line(g1, path, value, reason):
    with pytest.raises(BackendError) as error:
        apply_overrides(g1, {path: value})
    assert reason in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_arguments_mean_what_they_mean_to_isaac_lab():
    env, agent = configured(
        "env.sim.dt=0.002",
        "env.events.push_robot=null",
        "env.commands.base_velocity.ranges.lin_vel_x=(0,1)",
        "env.commands.base_velocity.ranges={lin_vel_y:[-1,1],heading:[0,0.5]}",
        "env.sim.physics=newton_mjwarp",
        "env.sim.physics.solver_cfg.njmax=300",
        "agent.algorithm.gamma=0.98",
        "agent.actor.hidden_dims=[64,64]",
    )
    assert (env.sim.dt, env.events.push_robot, env.sim.physics.solver_cfg.njmax) == (0.002, None, 300)
    assert env.commands.base_velocity.ranges.lin_vel_x == (0.0, 1.0)
    assert env.commands.base_velocity.ranges.heading == (0.0, 0.5)
    assert (agent.algorithm.gamma, agent.actor.hidden_dims) == (0.98, [64, 64])


def test_values_may_be_written_as_in_toml_and_python():
    env, agent = configured(
        "env.events.push_robot=None",
        "env.commands.base_velocity.ranges.lin_vel_x=-1:2",
        "env.commands.base_velocity.ranges={'lin_vel_y': (0, 0.5), 'heading': None}",
        "agent.actor.hidden_dims=64,64",
        "agent.algorithm.use_clipped_value_loss=False",
    )
    ranges = env.commands.base_velocity.ranges
    assert (env.events.push_robot, ranges.heading) == (None, None)
    assert (ranges.lin_vel_x, ranges.lin_vel_y) == ((-1.0, 2.0), (0.0, 0.5))
    assert (agent.actor.hidden_dims, agent.algorithm.use_clipped_value_loss) == ([64, 64], False)


EFFECTIVE = {
    "num_steps_per_env",
    "init_at_random_ep_len",
    "obs_groups",
    "clip_actions",
    "check_for_nan",
    "save_interval",
    "actor",
    "critic",
    "algorithm",
    "torch_compile_mode",
    "policy",  # of older agents, which Isaac Lab converts
}
"""Fields of rsl-rl's agents that Isaac Lab's wrapper, rsl-rl's runner or the trainer reads."""


def test_every_field_of_rsl_rl_s_agents_has_an_effect_or_is_refused():
    fields = {field.name for field in dataclasses.fields(RslRlOnPolicyRunnerCfg)}
    assert {name for name in fields if has_effect(f"agent.{name}")} == EFFECTIVE


def test_presets_come_first_wherever_they_stand():
    env, _ = configured("env.rewards.action_magnitude.weight=0.5", "presets=diffik_abs", task="Isaac-Reach-Franka")
    assert env.rewards.action_magnitude.weight == 0.5
    assert type(env.actions.arm_action).__name__ == "DifferentialInverseKinematicsActionCfg"


def test_an_added_entry_goes_through_hydra_which_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, agent = configured("+agent.params.config.mine=4", task="Isaac-Humanoid", library="rl_games")
    assert agent["params"]["config"]["mine"] == 4
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("physics", ["newton", "physx"])
def test_physics_is_what_is_asked_for(physics):
    env, _ = configured(physics=physics)
    assert type(env.sim.physics).__name__ == {"newton": "NewtonCfg", "physx": "PhysxCfg"}[physics]


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("presets=newtn", "Unknown preset(s): newtn"),
        ("physics=bullet", "Unknown preset(s): bullet"),
        ("env.sim.physics=newtn", "Unknown preset 'newtn' for env.sim.physics"),
        ("env.episode_lenght_s=3", "no such path: env.episode_lenght_s; nearest: env.episode_length_s"),
        ("env.decimation=abc", 'env.decimation: expected a whole number, got "abc"'),
        ("env.decimation=]", "expected a value such as 10, true, null"),
        ("agent.max_iterations=4", "agent.max_iterations has no effect as an override: use --iterations"),
        ("+agent.resume=true", "agent.resume has no effect as an override: use --checkpoint FILE|RUN"),
        ("agent.actor.init_noise_std=0.5", "use --override agent.actor.distribution_cfg"),
        ("+agent.mine=4", "can't be configured with +agent.mine=4"),
    ],
)
def test_an_argument_that_means_nothing_is_told_in_one_line(argument, reason):
    with pytest.raises(BackendError) as error:
        configured(argument)
    assert reason in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_a_task_without_an_agent_for_the_library_is_told_in_one_line():
    with pytest.raises(BackendError, match="This task supports rsl_rl, skrl") as error:
        configured(library="rl_games")
    assert len(str(error.value).splitlines()) == 1
