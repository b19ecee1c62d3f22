"""The mechanics of a robot: what its joints, its mass and its feet do, as each simulator reports it."""

from __future__ import annotations

from typing import Any, Protocol

import torch


class Mechanics(Protocol):
    """What moves a robot, read between two steps. Shapes: E environments, J actuated joints, F feet.

    Slide joints count in m, m/s and N instead of rad, rad/s and N·m.
    """

    position_limits: torch.Tensor
    """Lowest and highest position of each joint (rad), of shape [E, J, 2]; infinite where a joint has no limit."""
    effort_limits: torch.Tensor
    """Lowest and highest torque of each joint (N·m), of shape [J, 2], as configured; infinite if unlimited."""

    def positions(self) -> torch.Tensor:
        """Return the joints' positions (rad), of shape [E, J]."""

    def velocities(self) -> torch.Tensor:
        """Return the joints' velocities (rad/s), of shape [E, J]."""

    def efforts(self) -> torch.Tensor:
        """Return the torques (N·m) that the motors apply, of shape [E, J]."""

    def mass(self) -> torch.Tensor:
        """Return the robot's mass (kg), of shape [E]."""

    def feet(self) -> tuple[torch.Tensor, torch.Tensor] | None:
        """Return the feet's horizontal speeds (m/s) and whether they touch the ground, each of shape [E, F].

        Found through the task's own reward for slip; None if the task has none.
        """


def reward_term(env: Any, func: str) -> Any | None:
    """Return the configuration of the first reward term that calls the function `func`; None if there is none."""
    manager: Any = getattr(env, "reward_manager", None)
    terms = (manager.get_term_cfg(name) for name in getattr(manager, "active_terms", ()))
    return next((cfg for cfg in terms if getattr(cfg.func, "__name__", "") == func), None)
