"""Rays that keep their yaw only, without the host asking whether any robot lies on its side."""

from __future__ import annotations

import torch

_SINGULAR = 0.1
"""Length of the x-axis on the ground below which mjlab 1.6 takes the y-axis instead."""


def yaw_rotation(rotations: torch.Tensor) -> torch.Tensor:
    """Return the yaw of `rotations`, as `RayCastSensor._extract_yaw_rotation` does; both of shape [n, 3, 3]."""
    forward, sideways = _on_ground(rotations[:, :, 0]), _on_ground(rotations[:, :, 1])
    length = forward.norm(dim=1, keepdim=True)
    sideways = sideways / sideways.norm(dim=1, keepdim=True).clamp(min=1e-6)
    of_side = torch.stack((sideways[:, 1], -sideways[:, 0], torch.zeros_like(sideways[:, 0])), dim=1)
    forward = torch.where(length < _SINGULAR, of_side, forward)
    forward = forward / forward.norm(dim=1, keepdim=True).clamp(min=1e-6)
    yaw = torch.zeros_like(rotations)
    yaw[:, 0, 0], yaw[:, 1, 0] = forward[:, 0], forward[:, 1]
    yaw[:, 0, 1], yaw[:, 1, 1] = -forward[:, 1], forward[:, 0]
    yaw[:, 2, 2] = 1.0
    return yaw


def _on_ground(axes: torch.Tensor) -> torch.Tensor:
    return torch.cat((axes[:, :2], torch.zeros_like(axes[:, 2:])), dim=1)
