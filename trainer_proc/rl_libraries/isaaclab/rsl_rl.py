"""Builds Isaac Lab's rsl-rl trainings as its `train_rsl_rl` entry point does, with TensorBoard as the logger."""

from __future__ import annotations

import importlib.metadata
from typing import Any

from isaaclab.utils import to_dict
from isaaclab_rl.rsl_rl import RslRlVecEnvWrapper, handle_deprecated_rsl_rl_cfg
from rsl_rl.runners import OnPolicyRunner

from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.simulators.base import BackendError, Training
from trainer_proc.simulators.distributed import with_cpu_ranks


def prepare(agent_cfg: Any) -> Any:
    """Return a task's agent in the form of this version of rsl-rl."""
    return handle_deprecated_rsl_rl_cfg(agent_cfg, importlib.metadata.version("rsl-rl-lib"))


def configure(agent_cfg: Any, spec: RunSpec, folder: RunFolder, device: str, seed: int) -> None:
    """Write the launch settings into the agent. Raises `BackendError` for a runner other than `OnPolicyRunner`."""
    if agent_cfg.class_name != "OnPolicyRunner":
        raise BackendError(f"{spec.task}: expected OnPolicyRunner, got {agent_cfg.class_name}, which can't be steered")
    agent_cfg.device = device
    agent_cfg.seed = seed
    agent_cfg.experiment_name = spec.experiment
    agent_cfg.run_name = spec.name
    agent_cfg.max_iterations = spec.iterations
    agent_cfg.logger = "tensorboard"


def make_training(env: Any, agent_cfg: Any, folder: RunFolder) -> Training:
    """Wrap the environment and make its runner."""
    wrapped = RslRlVecEnvWrapper(env, clip_actions=agent_cfg.clip_actions)
    runner = with_cpu_ranks(OnPolicyRunner)(wrapped, to_dict(agent_cfg), str(folder.path), agent_cfg.device)
    return Training(runner, wrapped.close)
