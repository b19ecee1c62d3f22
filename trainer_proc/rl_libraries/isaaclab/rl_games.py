"""Builds Isaac Lab's rl_games trainings as its `train_rl_games` entry point does.

Isaac Lab 3.0's wrapper makes its spaces with OpenAI's gym, which rl_games replaced by gymnasium in 1.6.5 and no longer
installs. Without gym, the wrapper is imported with gymnasium in its place.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from typing import Any
from unittest import mock

import gymnasium
from rl_games.common.algo_observer import IsaacAlgoObserver
from rl_games.torch_runner import Runner

from curricula.errors import message_of
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.rl_libraries.rl_games import RlGamesRunner
from trainer_proc.simulators.base import BackendError, Training

_GYM = {} if importlib.util.find_spec("gym") else {"gym": gymnasium, "gym.spaces": gymnasium.spaces}
with mock.patch.dict(sys.modules, _GYM):
    from isaaclab_rl.rl_games import RlGamesVecEnvWrapper, register_rl_games_env


_STEERABLE = ("a2c_continuous", "a2c_discrete")


def prepare(agent_cfg: Any) -> Any:
    """Return a task's agent with numbers where YAML reads text, such as `3e-4`, so that overrides can replace them.

    Adds `torch_compile`, so that it can be overridden; `configure` sets it to True on a GPU, as rl_games does. On a CPU
    it would only cost a minute.
    """
    config = agent_cfg["params"]["config"]
    for name, value in config.items():
        if isinstance(value, str):
            with contextlib.suppress(ValueError):
                config[name] = float(value)
    config.setdefault("torch_compile", None)
    return agent_cfg


def configure(agent_cfg: Any, spec: RunSpec, folder: RunFolder, device: str, seed: int) -> None:
    """Write the launch settings into the agent. Raises `BackendError` for an algorithm other than PPO."""
    params = agent_cfg["params"]
    if params["algo"]["name"] not in _STEERABLE:
        raise BackendError(
            f"{spec.task}: expected PPO of rl_games, got {params['algo']['name']}, which can't be steered"
        )
    params["seed"] = seed
    config = params["config"]
    config["device"] = config["device_name"] = device
    config["max_epochs"] = spec.iterations
    config["num_actors"] = spec.num_envs
    config["train_dir"], config["full_experiment_name"] = str(folder.path.parent), folder.name
    if config["torch_compile"] is None:
        config["torch_compile"] = device != "cpu"


def make_training(env: Any, agent_cfg: Any, folder: RunFolder) -> Training:
    """Wrap the environment and make its agent. Raises `BackendError` for inconsistent sizes."""
    wrapped = RlGamesVecEnvWrapper.from_agent_cfg(env, agent_cfg)
    register_rl_games_env(wrapped)
    runner = Runner(IsaacAlgoObserver())
    runner.load(agent_cfg)
    try:
        agent = runner.algo_factory.create(runner.algo_name, base_name="run", params=runner.params)
    except ValueError as error:  # the rollout can't be divided into such mini-batches
        wrapped.close()
        hint = "Override agent.params.config.minibatch_size or change the number of environments"
        raise BackendError(f"rl_games: {message_of(error)} {hint}") from error
    # rl_games makes its agent when it begins to train: give it this one
    runner.algo_factory.register_builder(runner.algo_name, lambda **_: agent)
    return Training(RlGamesRunner(agent, lambda: runner.run({"train": True}), folder.path), wrapped.close)
