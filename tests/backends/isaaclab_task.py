"""Isaac Lab's flat G1 with a curriculum that writes a weight, a command range and a parameter at every reset."""

from __future__ import annotations

import gymnasium
from isaaclab.envs import mdp
from isaaclab.managers import CurriculumTermCfg
from isaaclab.utils import configclass
from isaaclab_tasks.core.velocity.config.g1.flat_env_cfg import G1FlatEnvCfg

from tests.backends.names import ISAACLAB

G1 = ISAACLAB.humanoid


def written(env, env_ids, value, to):
    """Return what is to be written in place of `value`."""
    return to


@configclass
class CurriculumCfg:
    heavier = CurriculumTermCfg(
        func=mdp.modify_reward_weight,
        params={"term_name": "dof_pos_limits", "weight": G1.curriculum_weight_to, "num_steps": -1},
    )
    faster = CurriculumTermCfg(
        func=mdp.modify_term_cfg,
        params={
            "address": f"commands.{G1.command}.ranges.lin_vel_x",
            "modify_fn": written,
            "modify_params": {"to": G1.curriculum_speed_to},
        },
    )
    stricter = CurriculumTermCfg(
        func=mdp.modify_env_param,
        params={
            "address": f"termination_manager.cfg.{G1.fall_term}.params.threshold",
            "modify_fn": written,
            "modify_params": {"to": G1.curriculum_fall_to},
        },
    )


@configclass
class PromisedG1Cfg(G1FlatEnvCfg):
    def __post_init__(self):
        super().__post_init__()
        self.curriculum = CurriculumCfg()


stock = gymnasium.spec(G1.task)
gymnasium.register(
    id=G1.own_task,
    entry_point=stock.entry_point,
    disable_env_checker=True,
    kwargs=stock.kwargs | {"env_cfg_entry_point": PromisedG1Cfg},
)
