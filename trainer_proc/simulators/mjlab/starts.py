"""Start episodes of mjlab in chosen states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch


class MjlabStarts:
    """Wraps the scene's reset on the instance: without events, mjlab's reset leaves the model's own pose."""

    def __init__(self, env: Any, robot: Any) -> None:
        """Start an `Entity` in its default pose until `begin_with` is called."""
        self._robot = robot
        self._origins = env.scene.env_origins
        self.joint_names: Sequence[str] = robot.joint_names
        count, device = env.num_envs, env.device
        upright = torch.tensor([1.0, 0.0, 0.0, 0.0], device=device).repeat(count, 1)
        zeros = torch.zeros(count, max(6, len(self.joint_names)), device=device)
        self.begin_with(zeros[:, : len(self.joint_names)], upright, zeros[:, 0], zeros[:, :6])
        reset = env.scene.reset

        def reset_and_place(env_ids: torch.Tensor | slice | None = None) -> None:
            reset(env_ids)
            self._place(slice(None) if env_ids is None else env_ids)

        env.scene.reset = reset_and_place

    def begin_with(
        self, joint_offsets: torch.Tensor, orientation: torch.Tensor, lift: torch.Tensor, velocity: torch.Tensor
    ) -> None:
        """Keep the states for the resets to come."""
        self._offsets, self._orientation, self._lift, self._velocity = joint_offsets, orientation, lift, velocity

    def _place(self, env_ids: torch.Tensor | slice) -> None:
        data = self._robot.data
        positions = data.default_joint_pos[env_ids] + self._offsets[env_ids]
        self._robot.write_joint_state_to_sim(positions, data.default_joint_vel[env_ids], env_ids=env_ids)
        if self._robot.is_fixed_base:
            return
        state = data.default_root_state[env_ids].clone()
        state[:, :3] += self._origins[env_ids]
        state[:, 2] += self._lift[env_ids]
        state[:, 3:7] = self._orientation[env_ids]
        state[:, 7:13] = self._velocity[env_ids]
        self._robot.write_root_state_to_sim(state, env_ids=env_ids)
