"""The training process: PPO on a simulator, published and steered through a wire process."""

from __future__ import annotations

from typing import Any


def steer(
    runner: Any,
    *,
    task: str = "",
    backend: str = "",
    success: dict[str, Any] | None = None,
    curricula: dict[str, dict[str, Any]] | None = None,
    fast: bool = False,
) -> None:
    """Make your own training watchable and steerable; call this before `runner.load` and `runner.learn`.

    `runner` is an rsl-rl `OnPolicyRunner` (5.4.2 or 5.5.1) with a log folder, which becomes a run in the dashboard.
    Under `torchrun`, every rank calls this. `task` and `backend` are names to show. `success` and `curricula` (by name)
    are tables as in a preset. Success is measured with exploration noise unless `success` has `noise_free`, because
    that takes environments from the training. `fast` replays the step from CUDA graphs on a CUDA device (docs/fast.md).
    Raises `ValueError` if the runner has no log folder, `TrainingError` if a
    table is wrong or doesn't fit the task, and `WireError` if the sockets can't be opened.
    """
    from trainer_proc.contract.own_packages import load_own_packages

    load_own_packages()
    from trainer_proc.training.steer import steer_runner

    steer_runner(runner, task=task, backend=backend, success=success or {}, curricula=curricula or {}, fast=fast)
