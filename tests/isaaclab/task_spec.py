"""What Isaac Lab's tests start a training with."""

from __future__ import annotations

from typing import Any

from trainer_proc.contract.run_folder import RunSpec


def task_spec(task: str, **fields: Any) -> RunSpec:
    """Return the spec of one environment of `task` on the CPU, with `fields` instead of these values."""
    usual = {"preset": "", "experiment": "", "num_envs": 1, "iterations": 1, "seed": 7}
    return RunSpec(backend="isaaclab", task=task, device="cpu", **{**usual, **fields})
