"""mjlab's own `train.py` for the cartpole, without its command line, and with one line more: `steer(runner)`."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict
from pathlib import Path

from mjlab.envs import ManagerBasedRlEnv
from mjlab.rl import MjlabOnPolicyRunner, RslRlVecEnvWrapper
from mjlab.tasks.registry import load_env_cfg, load_rl_cfg, load_runner_cls
from mjlab.utils.os import dump_yaml
from mjlab.utils.torch import configure_torch_backends

from trainer_proc import steer

TASK = "Mjlab-Cartpole-Balance"


def run_train(log_dir: Path, iterations: int, resume_path: Path | None) -> None:
    device, rank = "cpu", int(os.environ.get("RANK", "0"))
    configure_torch_backends()
    env_cfg, agent_cfg = load_env_cfg(TASK), load_rl_cfg(TASK)
    env_cfg.scene.num_envs = 4
    env_cfg.seed = agent_cfg.seed = agent_cfg.seed + rank
    agent_cfg.max_iterations = iterations
    agent_cfg.logger = "tensorboard"
    env = RslRlVecEnvWrapper(ManagerBasedRlEnv(cfg=env_cfg, device=device), clip_actions=agent_cfg.clip_actions)
    agent = asdict(agent_cfg)
    if rank == 0:
        dump_yaml(log_dir / "params" / "env.yaml", asdict(env_cfg))
        dump_yaml(log_dir / "params" / "agent.yaml", agent)
    runner_cls = load_runner_cls(TASK) or MjlabOnPolicyRunner
    runner = runner_cls(env, agent, str(log_dir), device)
    steer(runner, task=TASK)
    runner.add_git_repo_to_log(__file__)
    if resume_path is not None:
        runner.load(str(resume_path))
    runner.learn(num_learning_iterations=agent_cfg.max_iterations, init_at_random_ep_len=True)
    env.close()
    (log_dir / "after").touch()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("log_dir", type=Path)
    parser.add_argument("--iterations", type=int, default=5000)
    parser.add_argument("--resume", type=Path)
    arguments = parser.parse_args()
    run_train(arguments.log_dir, arguments.iterations, arguments.resume)


if __name__ == "__main__":
    main()
