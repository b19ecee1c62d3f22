"""The program's own mjlab tasks, registered when the package is imported."""

from __future__ import annotations

from collections.abc import Callable

from mjlab.envs import ManagerBasedRlEnvCfg
from mjlab.tasks.registry import register_mjlab_task
from mjlab.tasks.tracking.config.g1.rl_cfg import unitree_g1_tracking_ppo_runner_cfg
from mjlab.tasks.tracking.rl import MotionTrackingOnPolicyRunner
from mjlab.tasks.velocity.config.g1.rl_cfg import unitree_g1_ppo_runner_cfg

from trainer_proc.simulators.mjlab.tasks.g1_23dof import g1_23dof_env_cfg
from trainer_proc.simulators.mjlab.tasks.g1_backflip import g1_backflip_env_cfg
from trainer_proc.simulators.mjlab.tasks.g1_deploy import g1_deploy_env_cfg
from trainer_proc.simulators.mjlab.tasks.g1_jump import g1_jump_env_cfg
from trainer_proc.simulators.mjlab.tasks.g1_loco_manipulation import g1_loco_manipulation_env_cfg
from trainer_proc.simulators.mjlab.tasks.g1_multitask import g1_multitask_env_cfg
from trainer_proc.simulators.mjlab.tasks.g1_reach import g1_reach_env_cfg
from trainer_proc.simulators.mjlab.tasks.g1_terrains import g1_terrains_env_cfg

_TASKS: dict[str, Callable[[bool], ManagerBasedRlEnvCfg]] = {
    "HumanoidTui-Velocity-Flat-Unitree-G1-23Dof": g1_23dof_env_cfg,
    "HumanoidTui-Velocity-Flat-Unitree-G1-Deploy": g1_deploy_env_cfg,
    "HumanoidTui-Velocity-Terrains-Unitree-G1": g1_terrains_env_cfg,
    "HumanoidTui-Multitask-Flat-Unitree-G1": g1_multitask_env_cfg,
    "HumanoidTui-Reach-Flat-Unitree-G1": g1_reach_env_cfg,
    "HumanoidTui-Jump-Flat-Unitree-G1": g1_jump_env_cfg,
    "HumanoidTui-LocoManipulation-Flat-Unitree-G1": g1_loco_manipulation_env_cfg,
}

for _task, _make_env_cfg in _TASKS.items():
    register_mjlab_task(_task, _make_env_cfg(False), _make_env_cfg(True), unitree_g1_ppo_runner_cfg())

register_mjlab_task(
    "HumanoidTui-Backflip-Flat-Unitree-G1",
    g1_backflip_env_cfg(False),
    g1_backflip_env_cfg(True),
    unitree_g1_tracking_ppo_runner_cfg(),
    MotionTrackingOnPolicyRunner,
)
