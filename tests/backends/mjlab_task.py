"""mjlab's flat G1 with a curriculum that writes a weight, a command range and a parameter at every reset."""

from __future__ import annotations

from mjlab.envs.mdp.curriculums import reward_curriculum, termination_curriculum
from mjlab.managers.curriculum_manager import CurriculumTermCfg
from mjlab.tasks.registry import load_env_cfg, load_rl_cfg, register_mjlab_task
from mjlab.tasks.velocity.mdp import commands_vel

from tests.backends.names import MJLAB

G1 = MJLAB.humanoid


def stage(**writes):
    return [{"step": 0, **writes}]


cfg = load_env_cfg(G1.task)
cfg.curriculum = {
    "heavier": CurriculumTermCfg(
        func=reward_curriculum,
        params={"reward_name": "dof_pos_limits", "stages": stage(weight=G1.curriculum_weight_to)},
    ),
    "faster": CurriculumTermCfg(
        func=commands_vel,
        params={"command_name": G1.command, "velocity_stages": stage(lin_vel_x=G1.curriculum_speed_to)},
    ),
    "stricter": CurriculumTermCfg(
        func=termination_curriculum,
        params={"termination_name": G1.fall_term, "stages": stage(params={"limit_angle": G1.curriculum_fall_to})},
    ),
}
register_mjlab_task(G1.own_task, cfg, cfg, load_rl_cfg(G1.task))
