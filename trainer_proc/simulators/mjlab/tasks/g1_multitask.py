"""The Unitree G1 stands, walks, runs and turns with one policy."""

from __future__ import annotations

from mjlab.envs import ManagerBasedRlEnvCfg
from mjlab.tasks.velocity.config.g1.env_cfgs import unitree_g1_flat_env_cfg
from mjlab.tasks.velocity.mdp import UniformVelocityCommandCfg

from trainer_proc.simulators.mjlab.tasks.task_command import TaskVelocityCommandCfg

_STILL = (0.0, 0.0)


def g1_multitask_env_cfg(play: bool = False) -> ManagerBasedRlEnvCfg:
    """Return mjlab's flat velocity task of the G1 with a command that samples one of four tasks for each episode."""
    cfg = unitree_g1_flat_env_cfg(play=play)
    twist = cfg.commands["twist"]
    assert isinstance(twist, UniformVelocityCommandCfg)
    cfg.commands["twist"] = TaskVelocityCommandCfg(
        entity_name=twist.entity_name,
        resampling_time_range=twist.resampling_time_range,
        debug_vis=twist.debug_vis,
        viz=twist.viz,
        ranges=UniformVelocityCommandCfg.Ranges(lin_vel_x=(-1.0, 4.0), lin_vel_y=(-1.0, 1.0), ang_vel_z=(-1.5, 1.5)),
        weights={"stand": 1.0, "walk": 1.0, "run": 1.0, "turn": 1.0},
        task_lin_vel_x={"stand": _STILL, "walk": (-0.5, 1.2), "run": (1.2, 3.0), "turn": _STILL},
        task_lin_vel_y={"stand": _STILL, "walk": (-0.4, 0.4), "run": (-0.2, 0.2), "turn": _STILL},
        task_ang_vel_z={"stand": _STILL, "walk": (-0.5, 0.5), "run": (-0.3, 0.3), "turn": (-1.2, 1.2)},
    )
    cfg.curriculum.pop("command_vel", None)  # it would write `ranges`, which limit the tasks' ranges here
    return cfg
