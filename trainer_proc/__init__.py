"""The training process: rsl-rl's PPO on a simulator, published and steered over a wire."""

from __future__ import annotations

from typing import Any


def steer(
    runner: Any,
    *,
    task: str = "",
    backend: str = "",
    success: dict[str, Any] | None = None,
    curricula: dict[str, dict[str, Any]] | None = None,
) -> None:
    """Let a training of your own be watched and steered: call this before `runner.load` and `runner.learn`.

    `runner` is an rsl-rl `OnPolicyRunner` (5.4.2 or 5.5.1) with a log folder, which becomes a run that the dashboard
    finds; under `torchrun`, every rank calls it. `task` and `backend` are names to be shown. `success` and `curricula`
    (by name) are tables as a preset has them. Raises `ValueError` if the runner has no log folder, `TrainingError` if
    a table is wrong or doesn't fit the task, and `WireError` if its sockets can't be opened.
    """
    from trainer_proc.own_packages import load_own_packages

    load_own_packages()
    from trainer_proc.training.steer import steer_runner

    steer_runner(runner, task, backend, success or {}, curricula or {})
