"""A motion with whole turns about the pitch axis, which ends by standing.

Shapes: E environments, of which N are resampled; F frames.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from mjlab.tasks.tracking.mdp import MotionCommand, MotionCommandCfg
from mjlab.utils.lab_api.math import axis_angle_from_quat, quat_inv, quat_mul

from trainer_proc.contract.evaluation import Measure
from trainer_proc.simulators.goals import Goals

if TYPE_CHECKING:
    from mjlab.envs import ManagerBasedRlEnv


_LEAST_STEPS = 5
"""Control steps left beside those of standing in an episode that begins as late as possible."""


class FlipCommand(MotionCommand):
    """mjlab's motion, which also measures how far the robot has turned and how long it has stood since.

    `turned` (E) counts turns as the motion turns, with those of the motion before the frame at which the episode began.
    `episode_success` (E) is 1 once all turns are done and the robot has stood upright for `hold_time_s` since.
    """

    cfg: FlipCommandCfg

    def __init__(self, cfg: FlipCommandCfg, env: ManagerBasedRlEnv) -> None:
        super().__init__(cfg, env)
        self._joint_targets = self._read_joint_targets()
        orientations = self.motion.body_quat_w[:, self.motion_anchor_body_index]
        turns = torch.cumsum(_pitch(torch.cat([orientations[:1], orientations[:-1]]), orientations), 0)
        self._direction = torch.sign(turns[-1])
        self._turns_before = turns * self._direction
        self._turns = torch.round(self._turns_before[-1])
        self._orientation = self.robot_anchor_quat_w.clone()
        self._is_new = torch.ones(self.num_envs, dtype=torch.bool, device=self.device)
        self.turned = torch.zeros(self.num_envs, device=self.device)
        self.upright_s = torch.zeros(self.num_envs, device=self.device)
        self.episode_success = torch.zeros(self.num_envs, device=self.device)
        self.metrics |= {"turns": self.turned, "upright_time": self.upright_s, "landed": self.episode_success}

    def hold_goals(self, goals: torch.Tensor) -> None:
        """Begin with the first frame from the next reset on; the goal has no numbers."""
        self.cfg.sampling_mode = "start"

    def _read_joint_targets(self) -> torch.Tensor:
        """Return the targets by which the motion was made (F, J); its joints' positions if the file has none."""
        with np.load(self.cfg.motion_file) as file:
            if "joint_targets" not in file:
                return self.motion.joint_pos
            return torch.tensor(file["joint_targets"], dtype=torch.float32, device=self.device)

    @property
    def joint_targets(self) -> torch.Tensor:
        """Return the targets that lead to the present frame of the motion (E, J) (rad)."""
        return self._joint_targets[self.time_steps]

    @property
    def has_ended(self) -> torch.Tensor:
        """Return whether the motion is at its last frame (E, bool)."""
        return self.time_steps >= self.motion.time_step_total - 1

    @property
    def is_upright(self) -> torch.Tensor:
        """Return whether the root stands upright and high enough (E, bool)."""
        data = self.robot.data
        height = data.root_link_pos_w[:, 2] - self._env.scene.env_origins[:, 2]
        return (-data.projected_gravity_b[:, 2] >= self.cfg.upright_cosine) & (height >= self.cfg.least_height)

    @property
    def has_turned(self) -> torch.Tensor:
        """Return whether all turns of the motion are done, to the nearest whole turn (E, bool)."""
        return torch.round(self.turned) >= self._turns

    def reset(self, env_ids: torch.Tensor | slice | None) -> dict[str, float]:
        """Begin the turn where the motion begins."""
        extras = super().reset(env_ids)
        ids = slice(None) if env_ids is None else env_ids
        self.turned[ids] = self._turns_before[self.time_steps[ids].clamp(min=0)]
        self._is_new[ids] = True
        self.upright_s[ids] = 0.0
        self.episode_success[ids] = 0.0
        return extras

    def _uniform_sampling(self, env_ids: torch.Tensor) -> None:
        """Sample first frames: frame 0 by its share, else any that leaves time to stand for `hold_time_s`."""
        super()._uniform_sampling(env_ids)
        steps = math.ceil(self.cfg.hold_time_s / self._env.step_dt) + _LEAST_STEPS
        count = max(self.motion.time_step_total - steps, 1)
        samples = torch.rand(2, len(env_ids), device=self.device)
        is_first = samples[0] < self.cfg.first_frame_share
        self.time_steps[env_ids] = torch.where(is_first, 0, (samples[1] * count).long())

    def _update_command(self, env_ids: torch.Tensor | None = None) -> None:
        super()._update_command(env_ids)
        if env_ids is None:  # else it follows a reset
            self._measure()

    def _measure(self) -> None:
        turns = self._direction * _pitch(self._orientation, self.robot_anchor_quat_w)
        self.turned += torch.where(self._is_new, 0.0, turns)
        self._orientation[:] = self.robot_anchor_quat_w
        self._is_new[:] = False
        stands = self.has_turned & self.is_upright
        self.upright_s[:] = torch.where(stands, self.upright_s + self._env.step_dt, 0.0)
        held = self.upright_s >= self.cfg.hold_time_s - 0.5 * self._env.step_dt
        self.episode_success[:] = torch.maximum(self.episode_success, held.float())


@dataclass(kw_only=True)
class FlipCommandCfg(MotionCommandCfg):
    """A motion with turns."""

    goals: ClassVar[Goals] = Goals(
        axes=(),
        measures=(
            Measure("landed", better="higher"),
            Measure("turns", better="higher"),
            Measure("upright_time", "s", "higher"),
        ),
        episode_s=10.0,
    )
    first_frame_share: float = 0.5
    """Share of the episodes that begin with the first frame, if sampled uniformly; the others begin anywhere."""
    hold_time_s: float = 1.0
    """Time that the robot has to stand upright after its turns (s)."""
    upright_cosine: float = 0.8
    """Least cosine of the angle between the root's axis and upright: 0.64 rad, as a landing robot leans back."""
    least_height: float = 0.4
    """Least height of the root of a robot that stands (m)."""

    def build(self, env: ManagerBasedRlEnv) -> FlipCommand:
        return FlipCommand(self, env)


def _pitch(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """Return the turn about the pitch axis from one orientation (N, 4) to another, less than half a turn (N, turns)."""
    turn: torch.Tensor = axis_angle_from_quat(quat_mul(quat_inv(before), after))[:, 1]
    return turn / math.tau
