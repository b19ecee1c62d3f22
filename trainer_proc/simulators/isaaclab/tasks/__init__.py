"""The program's own Isaac Lab tasks, registered when the package is imported."""

from __future__ import annotations

import gymnasium

_AGENT = "isaaclab_tasks.core.velocity.config.g1.agents.rsl_rl_ppo_cfg:G1FlatPPORunnerCfg"
"""That of Isaac Lab's flat G1."""
_CONFIGURATIONS = {
    "Isaac-Humanoid-Stand-v0": "humanoid_velocity_env_cfg:HumanoidStandEnvCfg",
    "Isaac-Humanoid-Walk-v0": "humanoid_velocity_env_cfg:HumanoidWalkEnvCfg",
    "Isaac-Humanoid-Run-v0": "humanoid_velocity_env_cfg:HumanoidRunEnvCfg",
    "Isaac-Humanoid-Reach-v0": "humanoid_reach_env_cfg:HumanoidReachEnvCfg",
}

for _task, _env_cfg in _CONFIGURATIONS.items():
    gymnasium.register(
        id=_task,
        entry_point="isaaclab.envs:ManagerBasedRLEnv",
        disable_env_checker=True,
        kwargs={
            "env_cfg_entry_point": f"{__name__}.{_env_cfg}",
            "rsl_rl_cfg_entry_point": _AGENT,
            "default_agent": "rsl_rl",
        },
    )
