"""A real cartpole that balances, but not with the noise it explores with: what the success rate says of it."""

from __future__ import annotations

from dataclasses import asdict

import msgspec
import pytest

from tests.fake_training import ListLink
from trainer_proc.contract.codec import unpack_values
from trainer_proc.contract.messages import IterationFinished, MetricSet
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.steering.boundary import Steering

TASK = "Mjlab-Cartpole-Balance"
ENVIRONMENTS = 64
STEPS = 20
"""Steps of an iteration, and of an episode."""
SPEC = RunSpec(
    preset="cartpole",
    backend="mjlab",
    task=TASK,
    experiment="cartpole",
    device="cpu",
    num_envs=ENVIRONMENTS,
    iterations=1,
    seed=1,
    success={"kind": "joints", "angles": {"hinge_1": [-0.05, 0.05]}, "last": 0.9, "window": 16},
)


def success_rate(env, folder, iterations, noise_free, state=None):
    """Train, from the weights `state` if given; return the last success rate, and the weights."""
    agent = asdict(load_rl_cfg(TASK)) | {"num_steps_per_env": STEPS, "logger": "tensorboard"}
    torch.manual_seed(1)
    runner = MjlabOnPolicyRunner(env, agent, str(folder), "cpu")
    runner.save = lambda *args, **kwargs: None
    if state is not None:
        runner.alg.actor.load_state_dict(state)
    link = ListLink()
    spec = msgspec.structs.replace(SPEC, success=SPEC.success | {"noise_free": noise_free})
    make_steerable(runner, Steering(link), link, RunFolder(folder), spec)
    runner.learn(iterations)
    runner.logger.writer.close()
    names = {body.id: body.names for body in link.of(MetricSet)}
    last = link.of(IterationFinished)[-1]
    metrics = dict(zip(names[last.metric_set], unpack_values(last.values), strict=True))
    assert metrics["Train/noise_free_environments"] == round(noise_free * ENVIRONMENTS)
    return metrics["Train/success_rate"], runner.alg.actor.state_dict()


@pytest.mark.real
def test_a_policy_that_succeeds_without_noise_and_fails_with_it(tmp_path):
    global MjlabOnPolicyRunner, load_rl_cfg, make_steerable, torch
    import torch
    from mjlab.envs import ManagerBasedRlEnv
    from mjlab.rl import MjlabOnPolicyRunner, RslRlVecEnvWrapper
    from mjlab.tasks.registry import load_env_cfg, load_rl_cfg

    from trainer_proc.training.build import make_steerable

    cfg = load_env_cfg(TASK)
    cfg.scene.num_envs, cfg.seed = ENVIRONMENTS, 1
    cfg.episode_length_s = STEPS * cfg.decimation * cfg.sim.mujoco.timestep
    env = RslRlVecEnvWrapper(ManagerBasedRlEnv(cfg, device="cpu"))
    try:
        without_noise, state = success_rate(env, tmp_path / "without", iterations=20, noise_free=0.25)
        with_noise, _ = success_rate(env, tmp_path / "with", iterations=1, noise_free=0.0, state=state)
    finally:
        env.close()
    assert without_noise >= 0.9
    assert with_noise <= 0.5
