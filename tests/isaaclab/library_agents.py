"""Agents of rl_games and skrl as a training has them, over spaces instead of an environment, with random weights."""

from __future__ import annotations

from types import SimpleNamespace

import torch
from gymnasium.spaces import Box
from rl_games.common.algo_observer import AlgoObserver
from rl_games.torch_runner import Runner as RlGamesRunner
from skrl.utils.runner.torch import Runner as SkrlRunner

OBSERVATIONS, ACTIONS, ENVIRONMENTS = 5, 3, 4
_WRITES_NOTHING = {"write_interval": 0, "checkpoint_interval": 0}
_UNBOUNDED = Box(-float("inf"), float("inf"), (ACTIONS,))


def rl_games_agent(network=None, wrapper=None, observations=(OBSERVATIONS,), model="continuous_a2c_logstd", **config):
    """Return a live runner's parts: the agent, in Isaac Lab's wrapper with limits `clip_obs` and `clip_actions`."""
    limits = {"clip_obs": 5.0, "clip_actions": 1.0, **(wrapper or {})}
    spaces = {
        "observation_space": Box(-limits["clip_obs"], limits["clip_obs"], observations),
        "action_space": Box(-limits["clip_actions"], limits["clip_actions"], (ACTIONS,)),
    }
    layers = {"units": [16, 8], "activation": "elu", "initializer": {"name": "default"}}
    space = {
        "mu_activation": "None",
        "sigma_activation": "None",
        "mu_init": {"name": "default"},
        "sigma_init": {"name": "const_initializer", "val": 0},
        "fixed_sigma": True,
    }
    parameters = {
        "algo": {"name": "a2c_continuous"},
        "model": {"name": model},
        "network": {"name": "actor_critic", "space": {"continuous": space}, "mlp": layers, **(network or {})},
        "config": {
            **{"name": "none", "env_name": "none", "env_info": spaces, "device": "cpu", "device_name": "cpu"},
            **{"ppo": True, "num_actors": ENVIRONMENTS, "horizon_length": 4, "minibatch_size": 16, "mini_epochs": 1},
            **{"seq_length": 4, "gamma": 0.99, "tau": 0.95, "learning_rate": 1e-3, "lr_schedule": "adaptive"},
            **{"kl_threshold": 0.01, "reward_shaper": {}, "grad_norm": 1.0, "entropy_coef": 0.0, "critic_coef": 1.0},
            **{"clip_value": True, "e_clip": 0.2, "truncate_grads": True, "normalize_advantage": True},
            **{"normalize_input": False, "normalize_value": False, "clip_actions": False, "mixed_precision": False},
            **{"save_frequency": 0, "save_best_after": 100, "print_stats": False, "train_dir": config.pop("folder")},
            **config,
        },
    }
    runner = RlGamesRunner(AlgoObserver())
    runner.load({"params": parameters | {"seed": 5}})
    agent = runner.algo_factory.create(runner.algo_name, base_name="run", params=runner.params)
    agent.writer.close()
    around = SimpleNamespace(_obs_groups={"obs": ["policy"], "states": []}, **{f"_{k}": v for k, v in limits.items()})
    agent.vec_env = SimpleNamespace(env=around)
    _randomize(agent.model)
    return SimpleNamespace(library="rl_games", agent=agent, env=_environment())


def skrl_agent(policy=None, actions=_UNBOUNDED, separate=False, **agent):
    """Return a live runner's parts: the agent that skrl makes of a configuration as Isaac Lab's tasks have it."""
    network = [{"name": "net", "input": "OBSERVATIONS", "layers": [16, 8], "activations": "elu"}]
    configuration = {
        "models": {
            "separate": separate,
            "policy": {"class": "GaussianMixin", "network": network, "output": "ACTIONS", **(policy or {})},
            "value": {"class": "DeterministicMixin", "network": network, "output": "ONE"},
        },
        "memory": {"class": "RandomMemory", "memory_size": -1},
        "agent": {"class": "PPO", "rollouts": 4, "experiment": _WRITES_NOTHING, **agent},
        "trainer": {"class": "SequentialTrainer", "timesteps": 4, "close_environment_at_exit": False},
    }
    observations = Box(-float("inf"), float("inf"), (OBSERVATIONS,))
    env = SimpleNamespace(
        **{"num_envs": ENVIRONMENTS, "num_agents": 1, "device": torch.device("cpu"), "close": lambda: None},
        **{"observation_space": observations, "action_space": actions, "state_space": None},
    )
    made = SkrlRunner(env, configuration).agent
    for module in made.checkpoint_modules.values():
        if isinstance(module, torch.nn.Module):
            _randomize(module)
    return SimpleNamespace(library="skrl", agent=made, env=_environment())


def _randomize(module):
    """Give weights and statistics values that no initialization gives."""
    generator = torch.Generator().manual_seed(3)
    for name, tensor in module.state_dict().items():
        if "var" in name:
            tensor.copy_(torch.rand(tensor.shape, generator=generator) * 4 + 0.01)
        elif tensor.is_floating_point() and tensor.dim():
            tensor.copy_(torch.rand(tensor.shape, generator=generator) - 0.5)


def _environment():
    return SimpleNamespace(observation_sizes={"policy": OBSERVATIONS}, num_actions=ACTIONS)
