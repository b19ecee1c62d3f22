"""A real cartpole that stays upright, but not with the noise it explores with: what its success rate is."""

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
STEPS = 12
"""Steps of an iteration, and of an episode: so few that a pole without a push is still upright."""
SPEC = RunSpec(
    preset="cartpole",
    backend="mjlab",
    task=TASK,
    experiment="cartpole",
    device="cpu",
    num_envs=ENVIRONMENTS,
    iterations=1,
    seed=1,
    success={"kind": "joints", "angles": {"hinge_1": [-0.2, 0.2]}, "last": 0.9, "window": 16},
)


def success_rate(env, folder, noise_free):
    """Return the success rate of an iteration whose policy has a mean of zero: it is of before the update."""
    agent = asdict(load_rl_cfg(TASK)) | {"num_steps_per_env": STEPS, "logger": "tensorboard"}
    torch.manual_seed(1)
    runner = MjlabOnPolicyRunner(env, agent, str(folder), "cpu")
    runner.save = lambda *args, **kwargs: None
    *_, output_layer = (module for module in runner.alg.actor.modules() if isinstance(module, torch.nn.Linear))
    for weights in output_layer.parameters():
        torch.nn.init.zeros_(weights)
    link = ListLink()
    spec = msgspec.structs.replace(SPEC, success=SPEC.success | {"noise_free": noise_free})
    make_steerable(runner, Steering(link), link, RunFolder(folder), spec)
    runner.learn(1)
    runner.logger.writer.close()
    names = {body.id: body.names for body in link.of(MetricSet)}
    last = link.of(IterationFinished)[-1]
    metrics = dict(zip(names[last.metric_set], unpack_values(last.values), strict=True))
    assert metrics["Train/noise_free_environments"] == round(noise_free * ENVIRONMENTS)
    return metrics["Train/success_rate"]


@pytest.mark.real
def test_a_policy_that_succeeds_without_noise_and_fails_with_it(tmp_path):
    global MjlabOnPolicyRunner, load_rl_cfg, make_steerable, torch
    import torch
    from mjlab.envs import ManagerBasedRlEnv
    from mjlab.rl import MjlabOnPolicyRunner, RslRlVecEnvWrapper
    from mjlab.tasks.registry import load_env_cfg, load_rl_cfg

    from trainer_proc.simulators.mjlab.cpu_graph import replay_physics
    from trainer_proc.training.build import make_steerable

    cfg = load_env_cfg(TASK)
    cfg.scene.num_envs, cfg.seed = ENVIRONMENTS, 1
    cfg.episode_length_s = STEPS * cfg.decimation * cfg.sim.mujoco.timestep
    env = RslRlVecEnvWrapper(ManagerBasedRlEnv(cfg, device="cpu"))
    replay_physics(env.unwrapped.sim)
    try:
        without_noise = success_rate(env, tmp_path / "without", noise_free=0.25)
        with_noise = success_rate(env, tmp_path / "with", noise_free=0.0)
    finally:
        env.close()
    assert without_noise >= 0.9
    assert with_noise <= 0.5
