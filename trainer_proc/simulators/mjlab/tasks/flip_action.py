"""Joint targets of a policy that corrects those of a motion. Shapes: E environments, J joints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
from mjlab.envs.mdp.actions import JointPositionAction, JointPositionActionCfg

if TYPE_CHECKING:
    from mjlab.envs import ManagerBasedRlEnv

    from trainer_proc.simulators.mjlab.tasks.flip_command import FlipCommand


class FlipAction(JointPositionAction):
    """Adds scaled actions (E, J) to the targets that lead from the motion's frame to the next one (rad).

    Residual policy learning (Johannink et al. 2018, arXiv:1812.03201): the motion's own targets take off, and the
    policy learns what keeps the robot on the motion.
    """

    cfg: FlipActionCfg

    def __init__(self, cfg: FlipActionCfg, env: ManagerBasedRlEnv) -> None:
        super().__init__(cfg, env)
        self._command = cast("FlipCommand", env.command_manager.get_term(cfg.command_name))

    def process_actions(self, actions: torch.Tensor) -> None:
        super().process_actions(actions)
        self._processed_actions += self._command.joint_targets[:, self._target_ids]


@dataclass(kw_only=True)
class FlipActionCfg(JointPositionActionCfg):
    """Actions beside the targets of the motion `command_name`, instead of the default pose."""

    command_name: str = "motion"
    use_default_offset: bool = False

    def build(self, env: ManagerBasedRlEnv) -> FlipAction:
        return FlipAction(self, env)
