"""Joints, mass and feet of a robot in mjlab."""

from __future__ import annotations

from typing import Any

import torch

from trainer_proc.simulators.mechanics import reward_term
from trainer_proc.simulators.mjlab.efforts import effort_limits


class MjlabMechanics:
    """The joints of an `Entity` that an actuator drives."""

    def __init__(self, env: Any, robot: Any) -> None:
        self._model, self._data = env.sim.model, robot.data
        limits = dict(sorted(effort_limits(env.sim.mj_model, robot).items()))
        self._joints = torch.tensor(list(limits), dtype=torch.long, device=env.device)
        self._bodies = robot.indexing.body_ids
        self.position_limits: torch.Tensor = robot.data.joint_pos_limits[:, self._joints]
        self.effort_limits = torch.tensor(list(limits.values()), device=env.device).reshape(-1, 2)
        self._slip = reward_term(env, "feet_slip")
        self._scene = env.scene

    def positions(self) -> torch.Tensor:
        """Return `joint_pos`."""
        positions: torch.Tensor = self._data.joint_pos[:, self._joints]
        return positions

    def velocities(self) -> torch.Tensor:
        """Return `joint_vel`."""
        velocities: torch.Tensor = self._data.joint_vel[:, self._joints]
        return velocities

    def efforts(self) -> torch.Tensor:
        """Return `qfrc_actuator`."""
        efforts: torch.Tensor = self._data.qfrc_actuator[:, self._joints]
        return efforts

    def mass(self) -> torch.Tensor:
        """Return the sum of `body_mass`, which events may have randomized."""
        masses: torch.Tensor = self._model.body_mass[:, self._bodies]
        return masses.sum(-1).expand(len(self._data.joint_pos))

    def feet(self) -> tuple[torch.Tensor, torch.Tensor] | None:
        """Read what mjlab's `feet_slip` reads: sites of the feet and a contact sensor."""
        if self._slip is None:
            return None
        asset = self._slip.params["asset_cfg"]
        velocities = self._scene[asset.name].data.site_lin_vel_w[:, asset.site_ids, :2]
        return velocities.norm(dim=-1), self._scene[self._slip.params["sensor_name"]].data.found > 0
