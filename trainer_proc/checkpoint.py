"""Checkpoints that are whole or absent, and copies of the policy for an export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch


def make_saves_whole(runner: Any, on_saved: Callable[[int, Path], None], on_failed: Callable[[int, str], None]) -> None:
    """Wrap `runner.save` on the instance: write beside the target, then rename; `on_saved` hears of each file.

    A disk that is full must not end the training: `on_failed` hears the reason, and the next save may do better.
    """
    original = runner.save

    def save(path: str, infos: dict[str, Any] | None = None) -> None:
        target = Path(path)
        temporary = target.with_name(f".{target.name}")
        try:
            original(str(temporary), infos)
            temporary.replace(target)
        except (OSError, RuntimeError) as error:  # torch reports a full disk as RuntimeError
            on_failed(
                runner.current_learning_iteration, f"{target.name} can't be saved: {' '.join(str(error).split())}"
            )
        else:
            on_saved(runner.current_learning_iteration, target)
        finally:
            temporary.unlink(missing_ok=True)

    runner.save = save


def copy_policy(runner: Any, iteration: int) -> dict[str, Any]:
    """Return a checkpoint that holds only the actor, its tensors copied to the CPU so that training may go on."""
    actor = runner.alg.get_policy().state_dict()
    return {"actor_state_dict": {name: _copied(value) for name, value in actor.items()}, "iter": iteration}


def _copied(value: torch.Tensor) -> torch.Tensor:
    return value.detach().to("cpu", copy=True)
