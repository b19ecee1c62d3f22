"""mjlab's velocity command with masks instead of lists of environments, which have another length at each step.

Each function does what the method of `UniformVelocityCommand` (mjlab 1.6) with the same name does. Random numbers are
drawn for all environments, so their stream is another one.
"""

from __future__ import annotations

from typing import Any

import torch
from mjlab.tasks.velocity.mdp.velocity_command import UniformVelocityCommand
from mjlab.utils.lab_api.math import wrap_to_pi

from trainer_proc.fast.mjlab.state import Slot, only_where

_METHODS = ("compute", "reset", "_resample", "_resample_command", "_update_command", "_update_metrics")


def why_not(term: Any) -> str:
    """Return why a command can't be computed with masks, empty if it can."""
    if type(term) is not UniformVelocityCommand:
        return f"{type(term).__name__} samples lists of environments"
    if any(name in vars(term) for name in _METHODS):
        return "its methods are replaced"
    if term._joystick_enabled is not None:
        return "a joystick controls it"
    return ""


def compute(term: Any, dt: float | torch.Tensor) -> None:
    """Advance the command by `dt` seconds, a number or of shape [num_envs]."""
    term._update_metrics()
    term.time_left -= dt
    resample(term, term.time_left <= 0)
    _update(term)


def reset(term: Any, mask: torch.Tensor) -> None:
    """Start new commands where `mask`, and set their metrics to 0."""
    for values in term.metrics.values():
        values.masked_fill_(mask, 0.0)
    term.command_counter.masked_fill_(mask, 0)
    resample(term, mask)
    if term.cfg.init_velocity_prob > 0.0:
        _start_moving(term, mask)


def _start_moving(term: Any, mask: torch.Tensor) -> None:
    """Give the robots in a share of `mask` the commanded velocity."""
    robot, command = term.robot, term.vel_command_b
    starts = mask & (torch.rand_like(term.time_left) < term.cfg.init_velocity_prob)
    velocity = torch.zeros(len(command), 6, device=command.device)
    velocity[:, :2], velocity[:, 5] = command[:, :2], command[:, 2]
    with only_where(starts, [Slot(term._env.sim.data, "qvel", 0)]):
        robot.write_root_link_velocity_b_to_sim(velocity)


def resample(term: Any, mask: torch.Tensor) -> None:
    """Sample new commands where `mask`, of shape [num_envs]."""
    cfg, number = term.cfg, torch.empty_like(term.time_left)
    velocity = term.vel_command_b

    def drawn(old: torch.Tensor, ends: tuple[float, float]) -> None:
        old.copy_(torch.where(mask, number.uniform_(*ends), old))

    def chosen(old: torch.Tensor, share: float) -> None:
        old.copy_(torch.where(mask, number.uniform_(0.0, 1.0) <= share, old))

    drawn(term.time_left, cfg.resampling_time_range)
    for column, ends in enumerate((cfg.ranges.lin_vel_x, cfg.ranges.lin_vel_y, cfg.ranges.ang_vel_z)):
        drawn(velocity[:, column], ends)
    if cfg.heading_command:
        drawn(term.heading_target, cfg.ranges.heading)
        chosen(term.is_heading_env, cfg.rel_heading_envs)
    chosen(term.is_standing_env, cfg.rel_standing_envs)
    chosen(term.is_world_env, cfg.rel_world_envs)
    rows = mask[:, None]
    term.vel_command_w.copy_(torch.where(rows, velocity, term.vel_command_w))
    chosen(term.is_forward_env, cfg.rel_forward_envs)
    goes_forward = mask & term.is_forward_env
    forward = velocity[:, 0]
    forward.copy_(torch.where(goes_forward, forward.abs().clamp(min=0.3), forward))
    velocity[:, 1:].masked_fill_(goes_forward[:, None], 0.0)
    term.command_counter += mask


def _update(term: Any) -> None:
    cfg, velocity = term.cfg, term.vel_command_b
    heading = term.robot.data.heading_w
    if cfg.heading_command:
        term.heading_error = wrap_to_pi(term.heading_target - heading)
        turn = torch.clip(
            cfg.heading_control_stiffness * term.heading_error, min=cfg.ranges.ang_vel_z[0], max=cfg.ranges.ang_vel_z[1]
        )
        velocity[:, 2].copy_(torch.where(term.is_heading_env, turn, velocity[:, 2]))
    cos, sin = torch.cos(heading), torch.sin(heading)
    x, y = term.vel_command_w[:, 0], term.vel_command_w[:, 1]
    of_world = torch.stack((cos * x + sin * y, -sin * x + cos * y), dim=1)
    velocity[:, :2].copy_(torch.where(term.is_world_env[:, None], of_world, velocity[:, :2]))
    velocity.masked_fill_(term.is_standing_env[:, None], 0.0)
    term.vel_command_w.masked_fill_(term.is_standing_env[:, None], 0.0)
