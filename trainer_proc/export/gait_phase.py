"""Recognize a gait's phase: a clock of the episode as sine and cosine, which many tasks write themselves.

They call it `phase(env, period, command_name)` or `gait_phase(env, period)`. A name proves nothing, so the function is
called at several times of the episode, and its values are compared.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any

import torch

from trainer_proc.contract.bundle.description import STANDING_COMMAND

_NAMES = ("phase", "gait_phase")
_PARAMETERS = {"period", "command_name", "command_threshold"}
_STEPS = (0, 1, 7, 23, 118)
_TOLERANCE = 1e-3


def phase_arguments(cfg: Any, env: Any) -> dict[str, Any] | None:
    """Return the arguments of a term that is a phase; None for any other term.

    They are `period` (s), and `command_name` with `command_threshold` if a small command sets the phase to zero.
    """
    function = cfg.func
    if not inspect.isfunction(function) or function.__name__ not in _NAMES:
        return None
    signature = inspect.signature(function).parameters.items()
    arguments = {name: one.default for name, one in signature if one.default is not one.empty} | dict(cfg.params)
    if not _is_clock(arguments):
        return None
    before = env.episode_length_buf
    try:
        return arguments if all(_agrees(cfg, arguments, env, before, steps) for steps in _STEPS) else None
    except Exception:  # a user's function may do anything
        return None
    finally:
        env.episode_length_buf = before


def _is_clock(arguments: Mapping[str, Any]) -> bool:
    period = arguments.get("period")
    return set(arguments) <= _PARAMETERS and isinstance(period, int | float) and period > 0.0


def _agrees(cfg: Any, arguments: Mapping[str, Any], env: Any, before: torch.Tensor, steps: int) -> bool:
    """Compare the function's values at a time of all episodes."""
    env.episode_length_buf = torch.full_like(before, steps)
    angle = 2.0 * math.pi * (steps * float(env.step_dt) / arguments["period"])
    expected = torch.tensor([math.sin(angle), math.cos(angle)], device=before.device).expand(len(before), 2)
    if name := arguments.get("command_name"):
        norm = torch.linalg.norm(env.command_manager.get_command(name), dim=1, keepdim=True)
        least = arguments.get("command_threshold", STANDING_COMMAND)
        expected = torch.where(norm < least, torch.zeros_like(expected), expected)
    values = cfg.func(env, **cfg.params)
    return values.shape == expected.shape and bool((values - expected).abs().max() < _TOLERANCE)
