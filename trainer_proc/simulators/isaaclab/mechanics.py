"""Joints, mass and feet of a robot in Isaac Lab."""

from __future__ import annotations

from typing import Any

import torch

from trainer_proc.metrics.success.root import as_tensor
from trainer_proc.simulators.mechanics import reward_term

_CONTACT_FORCE = 1.0
"""Force (N) above which a foot touches the ground; source: Isaac Lab's `feet_slide`."""


class ArticulationMechanics:
    """All joints of an `Articulation`."""

    def __init__(self, env: Any, robot: Any) -> None:
        self._env, self._robot = env, robot
        self.position_limits = as_tensor(robot.data.joint_pos_limits)
        limits = as_tensor(robot.data.joint_effort_limits)[0]
        self.effort_limits = torch.stack([-limits, limits], dim=-1)
        self._slip = reward_term(env, "feet_slide")

    def positions(self) -> torch.Tensor:
        """Return `joint_pos`."""
        return as_tensor(self._robot.data.joint_pos)

    def velocities(self) -> torch.Tensor:
        """Return `joint_vel`."""
        return as_tensor(self._robot.data.joint_vel)

    def efforts(self) -> torch.Tensor:
        """Return the actuators' `applied_effort`, after clipping."""
        return as_tensor(self._robot.actuators.applied_effort)

    def mass(self) -> torch.Tensor:
        """Return the sum of `body_mass`."""
        return as_tensor(self._robot.data.body_mass).sum(-1)

    def feet(self) -> tuple[torch.Tensor, torch.Tensor] | None:
        """Read what Isaac Lab's `feet_slide` reads: bodies of the feet and a contact sensor."""
        if self._slip is None:
            return None
        sensor, asset = self._slip.params["sensor_cfg"], self._slip.params["asset_cfg"]
        forces = as_tensor(self._env.scene.sensors[sensor.name].data.net_normal_forces_w_history)
        velocities = as_tensor(self._env.scene[asset.name].data.body_lin_vel_w)[:, asset.body_ids, :2]
        touches = forces[:, :, sensor.body_ids].norm(dim=-1).amax(1) > _CONTACT_FORCE
        return velocities.norm(dim=-1), touches
