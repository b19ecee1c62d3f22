"""Start episodes of mjlab in chosen states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mjlab.utils.lab_api.math import quat_apply


class MjlabStarts:
    """Wraps the scene's reset on the instance: without events, mjlab's reset leaves the model's own pose."""

    def __init__(self, env: Any, robot: Any) -> None:
        """Start an `Entity` in its default pose until `begin_with` is called."""
        self._robot = robot
        self._origins = env.scene.env_origins
        self.joint_names: Sequence[str] = robot.joint_names
        self._joints = robot.data.default_joint_pos.clone()
        self._root = robot.data.default_root_state.clone()
        reset = env.scene.reset

        def reset_and_place(env_ids: torch.Tensor | slice | None = None) -> None:
            reset(env_ids)
            self._place(slice(None) if env_ids is None else env_ids)

        env.scene.reset = reset_and_place

    def begin_with(
        self, joints: torch.Tensor, position: torch.Tensor, orientation: torch.Tensor, velocity: torch.Tensor
    ) -> None:
        """Keep the states for the resets to come."""
        self._joints = joints
        linear, angular = velocity[:, :3], quat_apply(orientation, velocity[:, 3:])
        self._root = torch.cat([position, orientation, linear, angular], dim=-1)

    def _place(self, env_ids: torch.Tensor | slice) -> None:
        velocities = self._robot.data.default_joint_vel[env_ids]
        self._robot.write_joint_state_to_sim(self._joints[env_ids], velocities, env_ids=env_ids)
        if not self._robot.is_fixed_base:
            state = self._root[env_ids].clone()
            state[:, :3] += self._origins[env_ids]
            self._robot.write_root_state_to_sim(state, env_ids=env_ids)
