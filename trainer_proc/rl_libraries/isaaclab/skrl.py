"""Builds Isaac Lab's skrl trainings as its `train_skrl` entry point does with PyTorch."""

from __future__ import annotations

from typing import Any

from isaaclab_rl.skrl import SkrlVecEnvWrapper
from skrl.utils.runner.torch import Runner

from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.rl_libraries.skrl import SkrlRunner
from trainer_proc.simulators.base import BackendError, Training


def prepare(agent_cfg: Any) -> Any:
    """Return a task's agent unchanged."""
    return agent_cfg


def configure(agent_cfg: Any, spec: RunSpec, folder: RunFolder, device: str, seed: int) -> None:
    """Write the launch settings into the agent. Raises `BackendError` for an algorithm other than PPO.

    Scalars are written once per rollout, checkpoints only after complete rollouts.
    """
    agent = agent_cfg["agent"]
    if agent["class"] != "PPO":
        raise BackendError(f"{spec.task}: expected PPO of skrl, got {agent['class']}, which can't be steered")
    agent_cfg["seed"] = seed
    timesteps = spec.iterations * agent["rollouts"]
    agent_cfg["trainer"] |= {
        "timesteps": timesteps,
        "close_environment_at_exit": False,
        "disable_progressbar": True,
        "headless": True,
    }
    experiment = agent["experiment"]
    experiment["directory"], experiment["experiment_name"] = str(folder.path.parent), folder.name
    experiment["write_interval"] = agent["rollouts"]
    interval = experiment.get("checkpoint_interval", "auto")
    if interval == "auto":
        interval = timesteps // 10
    if interval > 0:
        interval = max(round(interval / agent["rollouts"]), 1) * agent["rollouts"]
    experiment["checkpoint_interval"] = interval


def make_training(env: Any, agent_cfg: Any, folder: RunFolder) -> Training:
    """Wrap the environment and make its agent."""
    wrapped = SkrlVecEnvWrapper(env, ml_framework="torch")
    runner = Runner(wrapped, agent_cfg)
    return Training(SkrlRunner(runner.trainer, runner.agent, wrapped, folder.path), wrapped.close)
