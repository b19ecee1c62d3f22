"""Places that a hand has to reach and hold.

Shapes: E environments, of which N are resampled.
"""

from __future__ import annotations

import torch

from trainer_proc.simulators.goal_progress import Ids, ahead


class ReachTargets:
    """`position` (E, 3) is in the world's frame (m), `held_s` (E) the time in a row that the hand has been there."""

    def __init__(self, num_envs: int, device: str) -> None:
        self.position = torch.zeros(num_envs, 3, device=device)
        self.held_s = torch.zeros(num_envs, device=device)

    def begin(
        self, env_ids: Ids, goals: torch.Tensor, *, root: torch.Tensor, heading: torch.Tensor, ground: torch.Tensor
    ) -> None:
        """Place targets by `goals` (N, 3): forward and left of the root along its heading, and above the ground (m).

        `root` (N, 3) and `ground` (N) are in the world's frame (m), `heading` (N) in rad.
        """
        self.position[env_ids, :2] = ahead(root, heading, goals[:, 0], goals[:, 1])
        self.position[env_ids, 2] = goals[:, 2] + ground
        self.held_s[env_ids] = 0.0

    def advance(self, ids: Ids, distance: torch.Tensor, *, threshold: float, step_dt: float) -> None:
        """Count the time of hands at this `distance` (N, m); one further away than `threshold` begins again."""
        self.held_s[ids] = torch.where(distance < threshold, self.held_s[ids] + step_dt, 0.0)
