"""Knobs of a direct-workflow environment, which has no managers: Isaac-Cartpole-Direct."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from isaaclab.envs import mdp
from isaaclab.managers import EventTermCfg, SceneEntityCfg

from tests.isaaclab.built import built_environment
from trainer_proc.contract.knob import refusal
from trainer_proc.knobs.direct import direct_knobs
from trainer_proc.knobs.event import event_knobs
from trainer_proc.knobs.resample import Resampler
from trainer_proc.simulators.registry import simulator_of

BUILT = "the environment reads it only when it is built"
TERMS = ("alive", "terminated", "pole_pos", "cart_vel", "pole_vel")


def with_a_mass(cfg):
    params = {"asset_cfg": SceneEntityCfg("cartpole", body_names="pole"), "operation": "scale"}
    params |= {"mass_distribution_params": (1.0, 1.0), "distribution": "uniform"}
    cfg.events = {"mass": EventTermCfg(func=mdp.randomize_rigid_body_mass, mode="startup", params=params)}


@pytest.fixture(scope="module")
def cartpole():
    with built_environment("Isaac-Cartpole-Direct", 8, with_a_mass) as (wrapped, _):
        env = wrapped.unwrapped
        simulator = simulator_of(env)
        events = event_knobs(env, simulator, Resampler(env, simulator), ())
        env.reset()
        yield SimpleNamespace(
            env=env, knobs={knob.name: knob for knob in direct_knobs(env)}, events={knob.name: knob for knob in events}
        )


@pytest.fixture
def turn(cartpole):
    """Write knobs as steering does; the test over, they are as before."""
    before = {}

    def write(name, value):
        knob = cartpole.knobs[name]
        before.setdefault(name, knob.read())
        assert refusal(knob.description, value) is None
        knob.write(value)
        assert knob.read() == value

    yield write
    for name, value in before.items():
        cartpole.knobs[name].write(value)


def step(env):
    with torch.inference_mode():
        _, reward, *_ = env.step(torch.zeros(env.num_envs, 1))
    return reward.clone()


def test_each_scale_is_a_reward_and_what_is_copied_when_it_is_built_is_read_only(cartpole):
    described = {name: knob.description for name, knob in cartpole.knobs.items()}
    rewards = [name for name, knob in described.items() if knob.kind == "reward"]
    assert rewards == [f"reward/{term}/weight" for term in TERMS]
    assert {name: knob.read_only for name, knob in described.items() if knob.read_only} == {
        "environment/action_scale": BUILT
    }
    assert described["environment/action_scale"].takes_effect == "needs a restart"
    assert described["environment/initial_pole_angle_range"].takes_effect == "at each environment's reset"
    assert described["environment/max_cart_pos"].takes_effect == "next iteration"
    assert refusal(described["environment/action_scale"], 5.0) == (f"environment/action_scale is read-only: {BUILT}")


@pytest.mark.parametrize("term", ["alive", "pole_pos", "cart_vel", "pole_vel"])
def test_a_scale_tenfold_gives_tenfold_reward_in_the_next_step(cartpole, turn, term):
    env = cartpole.env
    step(env)
    for other in TERMS:
        if other != term:
            turn(f"reward/{other}/weight", 0.0)
    with torch.inference_mode():  # of the very same state, so that only the scale differs
        plain = env._get_rewards().clone()
        turn(f"reward/{term}/weight", 10 * cartpole.knobs[f"reward/{term}/weight"].read())
        tenfold = env._get_rewards().clone()
    assert plain.abs().max() > 0
    assert torch.allclose(tenfold, 10 * plain)


def test_the_reward_of_a_step_has_the_scale_that_was_written_before_it(cartpole, turn):
    for term in TERMS:
        turn(f"reward/{term}/weight", 0.0)
    assert step(cartpole.env).eq(0).all()
    turn("reward/alive/weight", 3.0)
    reward, env = step(cartpole.env), cartpole.env
    alive = ~env.reset_terminated
    assert alive.any()
    assert torch.allclose(reward[alive], torch.tensor(3.0 * env.step_dt))


def test_a_range_of_the_reset_is_drawn_from_at_the_next_reset(cartpole, turn):
    env = cartpole.env
    pole = env._pole_dof_idx
    turn("environment/initial_pole_angle_range", (0.5, 0.6))
    with torch.inference_mode():
        env.reset()
    angles = env.joint_pos[:, pole]
    assert ((angles >= 0.5 - 1e-5) & (angles <= 0.6 + 1e-5)).all()
    turn("environment/initial_pole_angle_range", (-0.2, -0.1))
    with torch.inference_mode():
        env.reset()
    assert (env.joint_pos[:, pole] < 0).all()


def test_a_limit_that_each_step_reads_ends_episodes_in_the_next_step(cartpole, turn):
    env = cartpole.env
    with torch.inference_mode():
        env.reset()
    step(env)
    assert not env.reset_terminated.any()
    turn("environment/max_cart_pos", 1e-6)
    step(env)
    assert env.reset_terminated.all()


def test_a_startup_event_is_drawn_again_where_episodes_end(cartpole):
    env, knob = cartpole.env, cartpole.events["event/mass/mass_distribution_params"]
    robot = env.scene["cartpole"]
    pole = robot.body_names.index("pole")
    before = robot.data.body_mass.torch[:, pole].clone()
    with torch.inference_mode():
        env.reset()
    knob.write((2.0, 3.0))
    knob.resample("on reset")
    env.episode_length_buf[2] = env.max_episode_length
    step(env)
    factors = robot.data.body_mass.torch[:, pole] / before
    assert 2.0 <= factors[2] <= 3.0
    assert (factors == 1).tolist() == [index != 2 for index in range(8)]


def test_its_robot_is_drawn_without_managers(cartpole):
    env = cartpole.env
    reader = simulator_of(env).robot_reader("Isaac-Cartpole-Direct")
    env.episode_length_buf[3] = env.max_episode_length - 1
    step(env)
    ended, running = reader.read(3), reader.read(4)
    assert [shape.kind for shape in reader.scene.shapes] == ["box", "box", "box"]
    assert (reader.scene.rewards, reader.scene.command, ended.rewards) == ((), (), b"")
    assert (ended.ended, ended.is_time_out, running.ended) == ("time-out", True, "")
