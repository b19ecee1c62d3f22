"""Balance over two feet. Shapes: E environments."""

from __future__ import annotations

import torch


def distance_from_support(mass: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Return the distance (E, m) of the centre of mass from the line between the feet, on the ground.

    All three are places (E, 2) on the ground (m).
    """
    across = right - left
    share = ((mass - left) * across).sum(-1) / across.square().sum(-1).clamp(min=1e-6)
    nearest = left + share.clamp(0.0, 1.0).unsqueeze(-1) * across
    distance: torch.Tensor = (mass - nearest).norm(dim=-1)
    return distance
