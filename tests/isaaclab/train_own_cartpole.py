"""Somebody's own Isaac Lab script, with one line more: `python -m tests.isaaclab.train_own_cartpole LOG_DIR`."""

from __future__ import annotations

import sys

import gymnasium
import isaaclab_tasks  # noqa: F401
from isaaclab.app import launch_simulation
from isaaclab_rl.rsl_rl import RslRlVecEnvWrapper, create_rsl_rl_runner, handle_deprecated_rsl_rl_cfg
from isaaclab_tasks.utils import resolve_task_config

from trainer_proc import steer

if __name__ == "__main__":
    env_cfg, agent_cfg = resolve_task_config("Isaac-Cartpole", "rsl_rl_cfg_entry_point", overrides=[])
    agent_cfg = handle_deprecated_rsl_rl_cfg(agent_cfg, "5.5.1")
    env_cfg.scene.num_envs, env_cfg.sim.device, agent_cfg.device = 8, "cpu", "cpu"
    with launch_simulation(env_cfg, {"device": "cpu"}):
        env = RslRlVecEnvWrapper(gymnasium.make("Isaac-Cartpole", cfg=env_cfg))
        runner = create_rsl_rl_runner(env, agent_cfg, log_dir=sys.argv[1])
        steer(runner)
        runner.learn(num_learning_iterations=1000, init_at_random_ep_len=True)
        env.close()
