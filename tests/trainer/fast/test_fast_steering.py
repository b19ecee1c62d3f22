"""A steered training in fast mode publishes what it publishes without; on a CPU, each graph is the work itself."""

from __future__ import annotations

import math

import msgspec
import pytest

from tests.fake_training import ListLink
from tests.point_spec import SPEC
from trainer_proc.contract.codec import unpack_values
from trainer_proc.contract.messages import Change, InterventionQueued, IterationFinished, MetricSet
from trainer_proc.contract.monitoring import LeftOut, StepCaptured
from trainer_proc.fast.report import FastReport


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global LearningRate, NoiseFree, Observer, PointEnv, Steering, attach_fast_ppo, build, make_runner, torch
    import torch

    from tests.tiny_training import PointEnv, make_runner
    from trainer_proc.fast.ppo.attach import attach_fast_ppo
    from trainer_proc.fast.ppo.learning_rate import LearningRate
    from trainer_proc.metrics.observer import Observer
    from trainer_proc.metrics.success.noise_free import NoiseFree
    from trainer_proc.steering.boundary import Steering
    from trainer_proc.training import build


CHANGED = InterventionQueued(
    number=1, origin="user", changes=(Change("ppo/entropy_coef", 0.01, 0.2),), note="", when="now"
)
MEASURED = msgspec.structs.replace(SPEC, num_envs=17, success={"noise_free": 0.03})
TIMES = ("Perf/", "/time", "Policy/mean_std/time", "Robot")


def steered(folder, is_fast):
    """Train in `folder` with environments that act without noise; return the link and the runner."""
    link = ListLink([], [CHANGED])
    steering = Steering(link)
    runner = make_runner(str(folder.path), environment=lambda: PointEnv(range(17)), normalize=True, num_mini_batches=2)
    spec = msgspec.structs.replace(MEASURED, fast={"mode": "on" if is_fast else "off"})
    build.make_steerable(runner, steering, link, folder, spec)
    runner.learn(5)
    runner.logger.writer.close()
    return link, runner


def published(link):
    """Return the metrics of each iteration that depend on no clock, by name."""
    names = [name for body in link.emitted if isinstance(body, MetricSet) for name in body.names]
    iterations = [unpack_values(body.values) for body in link.emitted if isinstance(body, IterationFinished)]
    return [
        {name: value for name, value in zip(names, values, strict=True) if not any(part in name for part in TIMES)}
        for values in iterations
    ]


def test_a_steered_training_publishes_the_same(make_run):
    plain, _ = steered(make_run("plain"), is_fast=False)
    fast, runner = steered(make_run("fast"), is_fast=True)
    captured = [body for body in fast.emitted if isinstance(body, StepCaptured)]
    assert {part.name: part.reason for part in captured[-1].parts if part.reason} == {
        "environment": "only the step of mjlab's environments is captured"
    }
    assert not any(isinstance(body, StepCaptured) for body in plain.emitted)
    assert runner.cfg["check_for_nan"] is False
    assert len(published(fast)) == 5
    for ours, theirs in zip(published(fast), published(plain), strict=True):
        assert ours == pytest.approx(theirs, rel=0.0, abs=0.0, nan_ok=True)
    assert {"Train/mean_reward", "Policy/kl", "Policy/actor_gradient_norm", "Policy/mean_std"} <= published(fast)[
        1
    ].keys()
    missing = [[body for body in link.emitted if isinstance(body, LeftOut)] for link in (fast, plain)]
    assert missing[0] == missing[1]


# --- episodes ---


@pytest.mark.parametrize("is_split", [False, True])
def test_episodes_are_counted_in_their_order(is_split, folder, make_run):
    def counted(is_fast, folder):
        runner = make_runner(str(folder.path), environment=lambda: PointEnv(range(17)))
        if is_split:
            NoiseFree(runner, 0.03).install(Observer())
        if is_fast:
            attach_fast_ppo(runner, FastReport())
        runner.learn(3)
        runner.logger.writer.close()
        return list(runner.logger.rewbuffer), list(runner.logger.lenbuffer), runner.logger.ep_extras

    assert counted(True, folder) == counted(False, make_run("other"))


def test_a_step_waits_for_nothing(folder):
    from tests.operations import Operations

    runner = make_runner(str(folder.path), environment=lambda: PointEnv(range(17)), normalize=True)
    NoiseFree(runner, 0.03).install(Observer())
    attach_fast_ppo(runner, FastReport())
    runner.learn(2)
    obs, rewards = runner.env.get_observations(), torch.zeros(17)
    dones, time_outs = torch.ones(17, dtype=torch.long), torch.zeros(17, dtype=torch.bool)
    with torch.inference_mode(), Operations() as operations:
        runner.alg.act(obs)
        runner.alg.process_env_step(obs, rewards, dones, {"time_outs": time_outs})
        runner.logger.process_env_step(rewards, dones, {})
    assert not {"_local_scalar_dense.default", "nonzero.default"} & set(operations.names)
    runner.logger.writer.close()


# --- NaN ---


class Broken:
    """Made an environment whose observation is NaN after 20 steps."""

    def step(self, actions):
        observations, *rest = super().step(actions)
        if len(self.weights_seen) == 20:
            observations["policy"][3] = math.nan
        return observations, *rest


@pytest.mark.parametrize("steps_before", [19, 0], ids=["at an eager step", "in a graph"])
def test_nan_of_the_environment_ends_the_rollout(steps_before):
    runner = make_runner(environment=type("BrokenPoint", (Broken, PointEnv), {}))
    fast = attach_fast_ppo(runner, FastReport())
    runner.cfg["check_for_nan"] = not fast.check_for_nan(True)
    assert runner.cfg["check_for_nan"] is False
    runner.env.weights_seen += [0.0] * steps_before
    with pytest.raises(ValueError, match="'policy' returned by the environment contains NaN"):
        runner.learn(3)
    assert all(bool(torch.isfinite(weight).all()) for weight in runner.alg.actor.parameters())


def test_nan_is_no_error_while_a_guard_waits_for_it():
    runner = make_runner(environment=type("BrokenPoint", (Broken, PointEnv), {}))
    fast = attach_fast_ppo(runner, FastReport())
    assert not fast.check_for_nan(False)
    runner.cfg["check_for_nan"] = False
    obs = runner.env.get_observations()
    with torch.inference_mode():
        for _ in range(24):
            obs, rewards, dones, extras = runner.env.step(runner.alg.act(obs))
            if not runner.alg.storage.step:
                runner.alg.storage.clear()
            runner.alg.process_env_step(obs, rewards, dones, extras)
            if runner.alg.storage.step == 8:
                runner.alg.compute_returns(obs)
                runner.alg.storage.clear()
        fast.check_for_nan(True)
        runner.alg.compute_returns(runner.env.get_observations())  # what was NaN before is not asked for


# --- adaptive learning rate ---


def test_the_schedule_is_rsl_rl_s_bit_for_bit():
    generator = torch.Generator().manual_seed(1)
    recorded = torch.rand(500, generator=generator) * 0.04
    recorded[::50], recorded[7], recorded[9], recorded[11] = 0.0, math.nan, 0.02, 0.005
    rate, expected = LearningRate(torch.device("cpu")), 0.001
    rate.set(expected)
    for kl in recorded:
        if kl > 0.01 * 2.0:  # as in `PPO.update`
            expected = max(1e-5, expected / 1.5)
        elif kl < 0.01 / 2.0 and kl > 0.0:
            expected = min(1e-2, expected * 1.5)
        rate.adapt(kl, torch.tensor(0.02), torch.tensor(0.005))
        assert rate.exact.item() == expected
    assert rate.rounded.item() == pytest.approx(expected)
