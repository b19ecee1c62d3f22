"""A command of a kind that mjlab does not have: a pose with numbers, ranges and what is read only at first."""

from __future__ import annotations

import dataclasses

import torch
from mjlab.managers.command_manager import CommandTerm, CommandTermCfg


class PoseCommand(CommandTerm):
    def __init__(self, cfg, env):
        super().__init__(cfg, env)
        self.kernel = cfg.smoothing
        self.target = torch.zeros(env.num_envs, 3)

    @property
    def command(self):
        return self.target

    def _update_metrics(self):
        pass

    def _update_command(self, env_ids):
        pass

    def _resample_command(self, env_ids):
        pose = self.cfg.pose_range
        for index, axis in enumerate(("x", "y", "z")):
            self.target[env_ids, index] = torch.empty(len(env_ids)).uniform_(*pose.get(axis, (0.0, 0.0)))
        self.target[env_ids] *= self.cfg.gains["all"]

    def create_gui(self, *args, **kwargs):
        return self.cfg.drawn


@dataclasses.dataclass(kw_only=True)
class PoseCommandCfg(CommandTermCfg):
    smoothing: float = 0.5
    drawn: float = 1.0
    bins: int = 3
    optional: tuple[float, float] | None = None
    pose_range: dict = dataclasses.field(default_factory=lambda: {"x": (1.0, 2.0)})
    gains: dict = dataclasses.field(default_factory=lambda: {"all": 1.0})

    def build(self, env):
        return PoseCommand(self, env)
