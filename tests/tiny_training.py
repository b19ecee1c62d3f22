"""A training of rsl-rl's own PPO that takes milliseconds: a point that is paid for its speed to the right."""

from __future__ import annotations

from types import SimpleNamespace

import torch
from rsl_rl.env import VecEnv
from rsl_rl.runners import OnPolicyRunner
from tensordict import TensorDict

STEPS = 8
ENVIRONMENTS = 6


class PointEnv(VecEnv):
    """Episodes end by time-out after 5 steps; those of odd environments end after 3 by termination."""

    def __init__(self, numbers=range(ENVIRONMENTS)):
        self.numbers = torch.tensor(numbers)
        self.num_envs, self.num_actions, self.device = len(numbers), 2, "cpu"
        self.max_episode_length = 5
        self.episode_length_buf = torch.zeros(self.num_envs, dtype=torch.long)
        self.cfg = {}
        self.weight = 1.0
        self.weights_seen = []
        self.position = torch.zeros(self.num_envs, 3)
        self.termination_manager = SimpleNamespace(time_outs=torch.zeros(self.num_envs, dtype=torch.bool))

    @property
    def unwrapped(self):
        return self

    def get_observations(self):
        return TensorDict({"policy": self.position.clone()}, batch_size=[self.num_envs])

    def step(self, actions):
        self.weights_seen.append(self.weight)
        self.position = torch.tanh(self.position + torch.nn.functional.pad(actions, (0, 1)) * 0.1 + 0.01)
        self.episode_length_buf += 1
        odd = self.numbers % 2 == 1
        terminated = odd & (self.episode_length_buf >= 3)
        time_outs = ~odd & (self.episode_length_buf >= self.max_episode_length)
        dones = terminated | time_outs
        self.episode_length_buf[dones] = 0
        self.position[dones] = 0.0
        reward = actions[:, 0] * self.weight
        return self.get_observations(), reward, dones, {"time_outs": time_outs, "log": {"/speed": reward.mean()}}


class ResettablePoint(PointEnv):
    """Counts resets of all environments."""

    resets = 0

    def reset(self):
        self.resets += 1
        self.position = torch.zeros_like(self.position)
        return self.get_observations(), {}


class BareEnv(VecEnv):
    """The members of an environment that rsl-rl requires, and no others."""

    def __init__(self, env_class=PointEnv):  # bound here, because a test replaces `PointEnv` by this class
        self._env = env_class()
        for name in ("num_envs", "num_actions", "device", "max_episode_length", "episode_length_buf", "cfg"):
            setattr(self, name, getattr(self._env, name))

    def get_observations(self):
        return self._env.get_observations()

    def step(self, actions):
        observations, rewards, dones, _ = self._env.step(actions)
        return observations, rewards, dones, {}


def make_runner(
    log_dir=None,
    runner_class=OnPolicyRunner,
    normalize=False,
    environment=PointEnv,
    distribution="GaussianDistribution",
    model=None,
    **algorithm,
):
    """Return a runner on `environment`, which may normalize observations; `algorithm` are PPO's arguments.

    `model` has further settings of both networks.
    """
    torch.manual_seed(3)
    gaussian = {"class_name": distribution, "init_std": 1.0, "std_type": "scalar"}
    network = {"class_name": "MLPModel", "hidden_dims": [8], "activation": "elu", "obs_normalization": normalize}
    network |= model or {}
    cfg = {
        "num_steps_per_env": STEPS,
        "save_interval": 1000,
        "obs_groups": {"actor": ["policy"], "critic": ["policy"], "rnd_state": ["policy"]},
        "actor": {**network, "distribution_cfg": gaussian},
        "critic": dict(network),
        "algorithm": {"class_name": "PPO", "rnd_cfg": None, "symmetry_cfg": None, **algorithm},
        "logger": "tensorboard",
    }
    return runner_class(environment(), cfg, log_dir=log_dir, device="cpu")
