"""Hold a velocity command at a value of its own in each environment, whatever its term samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from presets.success import read_success
from trainer_proc.evaluation.stage import Stage
from trainer_proc.metrics.success.task import velocity_command


class HeldCommand:
    """Overwrites the command of a term, on the instance, before the policy observes it."""

    def __init__(self, term: Any, values: torch.Tensor) -> None:
        """Hold `term.command` at `values`: forward, lateral (m/s) and yaw (rad/s), of shape [num_envs, 3]."""
        self._term, self._values = term, values
        if hasattr(term, "hold_tasks"):  # of several tasks, the first follows velocities alone
            term.hold_tasks(torch.zeros_like(term.task_ids))
        for name in ("compute", "reset"):  # mjlab computes commands after a reset, Isaac Lab does not
            setattr(term, name, self._held(getattr(term, name)))

    def _held(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def call_and_hold(*args: Any, **kwargs: Any) -> Any:
            result = call(*args, **kwargs)
            self._term.command[:] = self._values
            return result

        return call_and_hold


def hold_command(stage: Stage, values: Sequence[float]) -> Any:
    """Hold the task's velocity command at `values` in all environments; return its term.

    `values` are forward, lateral (m/s) and yaw (rad/s). Raises `TrainingError` if the task has no velocity command.
    """
    term = velocity_command(stage.task, read_success(stage.spec.success).command)
    HeldCommand(term, torch.tensor(values, device=stage.task.device).expand(int(stage.env.num_envs), 3))
    return term
