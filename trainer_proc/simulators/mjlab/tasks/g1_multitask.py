"""The Unitree G1 stands, walks, runs, turns and jumps with one policy."""

from __future__ import annotations

from mjlab.envs import ManagerBasedRlEnvCfg
from mjlab.managers.observation_manager import ObservationTermCfg
from mjlab.tasks.velocity import mdp
from mjlab.tasks.velocity.config.g1.env_cfgs import unitree_g1_flat_env_cfg
from mjlab.tasks.velocity.mdp import UniformVelocityCommandCfg

from trainer_proc.simulators.mjlab.tasks import jump_rewards
from trainer_proc.simulators.mjlab.tasks.g1_goal import STANDING
from trainer_proc.simulators.mjlab.tasks.g1_jump import FEET, jump_reward_terms
from trainer_proc.simulators.mjlab.tasks.task_command import TaskVelocityCommandCfg
from trainer_proc.simulators.mjlab.tasks.task_jump_command import TaskJumpCommandCfg

_STILL = (0.0, 0.0)
_JUMP_S = 5.0
"""Time for each jump: to wait, to jump, and to stand for a second."""


def g1_multitask_env_cfg(play: bool = False) -> ManagerBasedRlEnvCfg:
    """Return mjlab's flat velocity task of the G1 with a command that samples one of five tasks for each episode.

    In the task `jump`, a second command wants jumps. What the actor and the critic see of it comes last.
    """
    cfg = unitree_g1_flat_env_cfg(play=play)
    twist = cfg.commands["twist"]
    assert isinstance(twist, UniformVelocityCommandCfg)
    cfg.commands = {
        "twist": TaskVelocityCommandCfg(
            entity_name=twist.entity_name,
            resampling_time_range=twist.resampling_time_range,
            debug_vis=twist.debug_vis,
            viz=twist.viz,
            ranges=UniformVelocityCommandCfg.Ranges(
                lin_vel_x=(-1.0, 4.0), lin_vel_y=(-1.0, 1.0), ang_vel_z=(-1.5, 1.5)
            ),
            weights={"stand": 1.0, "walk": 1.0, "run": 1.0, "turn": 1.0, "jump": 1.0},
            task_lin_vel_x={"stand": _STILL, "walk": (-0.5, 1.2), "run": (1.2, 3.0), "turn": _STILL, "jump": _STILL},
            task_lin_vel_y={"stand": _STILL, "walk": (-0.4, 0.4), "run": (-0.2, 0.2), "turn": _STILL, "jump": _STILL},
            task_ang_vel_z={
                "stand": _STILL,
                "walk": (-0.5, 0.5),
                "run": (-0.3, 0.3),
                "turn": (-1.2, 1.2),
                "jump": _STILL,
            },
        ),
        "jump": TaskJumpCommandCfg(
            sensor_name=FEET, standing_height=STANDING, resampling_time_range=(_JUMP_S, _JUMP_S), debug_vis=True
        ),
    }
    cfg.curriculum.pop("command_vel", None)  # it would write `ranges`, which limit the tasks' ranges here
    for group in cfg.observations.values():
        group.terms["jump"] = ObservationTermCfg(func=mdp.generated_commands, params={"command_name": "jump"})
    cfg.rewards |= jump_reward_terms("flight_time")
    for name, at_rest in (
        ("track_linear_velocity", jump_rewards.track_linear_velocity_at_rest),
        ("pose", jump_rewards.variable_posture_at_rest),
    ):
        cfg.rewards[name].func = at_rest
        cfg.rewards[name].params["jump"] = "jump"
    return cfg
