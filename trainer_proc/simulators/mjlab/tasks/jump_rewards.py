"""Reward terms of jumps, in the form of mjlab's.

Shapes: E environments; every term returns (E).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from mjlab.envs.mdp import posture
from mjlab.tasks.velocity import mdp

from trainer_proc.simulators.mjlab.tasks.jump_command import GRAVITY, IN_FLIGHT, LANDED, JumpCommand

if TYPE_CHECKING:
    from mjlab.envs import ManagerBasedRlEnv
    from mjlab.managers.scene_entity_config import SceneEntityCfg


def jump_height(env: ManagerBasedRlEnv, command_name: str, std: float, margin: float) -> torch.Tensor:
    """Return `exp(-(h / std)²)` of the height h that the commanded jump lacks (m); 0 before it and after the landing.

    A jump lacks nothing that rises `margin` (m) higher than commanded: success needs the height itself, and jumps vary.
    In flight, the apex counts that the root's velocity would lead to by the law of projectile motion (Olsen et al.,
    2025, arXiv:2510.24584). With feet on the ground only the velocity's part of it counts, so that standing on the
    toes earns nothing.
    """
    command = _jump(env, command_name)
    upward = command.asset.data.root_link_lin_vel_w[:, 2].clamp(min=0.0)
    predicted = upward.square() / (2.0 * GRAVITY) + command.root_height * (command.phase == IN_FLIGHT)
    return _reached(command, torch.maximum(command.rise, predicted), std, margin) * command.is_jumping


def jump_landed(
    env: ManagerBasedRlEnv, command_name: str, std: float, margin: float, distance_std: float, upright_std: float
) -> torch.Tensor:
    """Return, after the landing, `exp(-(h / std)² - (d / distance_std)² - g² / upright_std²)`; before it 0.

    h is the height that the flight lacked to `margin` above the commanded one (m), and d the distance from the landing
    place (m), at the landing or now, whichever is larger. g is the part of gravity's direction across the root's axis
    (0 upright, 1 lying).
    """
    command = _jump(env, command_name)
    tilt = command.asset.data.projected_gravity_b[:, :2].square().sum(dim=-1)
    missed = torch.maximum(command.landing_error, command.distance())
    stays = torch.exp(-((missed / distance_std) ** 2) - tilt / upright_std**2)
    return _reached(command, command.rise, std, margin) * stays * (command.phase == LANDED)


def jump_distance(env: ManagerBasedRlEnv, command_name: str, std: float) -> torch.Tensor:
    """Return `exp(-(d / std)²)` of the distance d from the landing place (m), from the takeoff on; before it 0.

    In flight, d is where the root's velocity leads to, until it is as high as standing again: projectile motion, as for
    the height. A reward of the landing place comes from Atanassov et al. (2024, arXiv:2401.16337).
    """
    command = _jump(env, command_name)
    upward, height = command.asset.data.root_link_lin_vel_w[:, 2], command.root_height
    remains_s = (upward + (upward.square() + 2.0 * GRAVITY * height).clamp(min=0.0).sqrt()).clamp(min=0.0) / GRAVITY
    flies = command.phase == IN_FLIGHT
    distance = command.distance(remains_s * flies)
    return torch.exp(-((distance / std) ** 2)) * (flies | (command.phase == LANDED))


def flight_air_time(env: ManagerBasedRlEnv, command_name: str) -> torch.Tensor:
    """Return 1 in the flight of a commanded jump while the root is higher than standing, so that a seat earns nothing.

    The sum of an episode is the time in the air.
    """
    command = _jump(env, command_name)
    return ((command.phase == IN_FLIGHT) & (command.root_height > 0.0)).float()


class posture_at_rest(posture):
    """mjlab's `posture`, `exp(-mean((q - q0)² / std²))`, before a jump is commanded and after it has landed; else 0."""

    def __call__(  # type: ignore[override]
        self, env: ManagerBasedRlEnv, std: dict[str, float], asset_cfg: SceneEntityCfg, command_name: str
    ) -> torch.Tensor:
        del std  # copied by the constructor: read here, it would count as a parameter that takes effect at once
        kept: torch.Tensor = super().__call__(env, {}, asset_cfg)
        return kept * ~_jump(env, command_name).is_jumping


def track_linear_velocity_at_rest(env: ManagerBasedRlEnv, std: float, command_name: str, jump: str) -> torch.Tensor:
    """Return mjlab's `track_linear_velocity`; 0 while the command `jump` wants a jump, which needs other velocities."""
    tracked: torch.Tensor = mdp.track_linear_velocity(env, std, command_name)
    return tracked * ~_jump(env, jump).is_jumping


class variable_posture_at_rest(mdp.variable_posture):
    """mjlab's `variable_posture`; 0 while the command `jump` wants a jump."""

    def __call__(  # type: ignore[override]
        self,
        env: ManagerBasedRlEnv,
        std_standing: dict[str, float],
        std_walking: dict[str, float],
        std_running: dict[str, float],
        asset_cfg: SceneEntityCfg,
        command_name: str,
        walking_threshold: float,
        running_threshold: float,
        jump: str,
    ) -> torch.Tensor:
        del std_standing, std_walking, std_running  # copied by the constructor
        kept: torch.Tensor = super().__call__(
            env, {}, {}, {}, asset_cfg, command_name, walking_threshold, running_threshold
        )
        return kept * ~_jump(env, jump).is_jumping


def _reached(command: JumpCommand, rise: torch.Tensor, std: float, margin: float) -> torch.Tensor:
    lacking = (command.height + margin - rise).clamp(min=0.0)
    return torch.exp(-((lacking / std) ** 2))


def _jump(env: ManagerBasedRlEnv, command_name: str) -> JumpCommand:
    return cast(JumpCommand, env.command_manager.get_term(command_name))
