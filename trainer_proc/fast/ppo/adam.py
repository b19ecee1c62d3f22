"""Adam inside a graph. Outside of it, optimizer and checkpoints look as without fast mode.

A captured step needs Adam's counters of steps and the learning rate on the device. The counters stay there; files get
them as rsl-rl writes them. The rate on the device and `capturable` are in the groups only while a step is captured.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from trainer_proc.fast.ppo.learning_rate import LearningRate

_STEP = "step"
_OPTIONS = ("amsgrad", "maximize", "differentiable", "capturable", "fused")
"""Options that rsl-rl leaves off."""


def reason_against(optimizer: Any) -> str:
    """Return why steps of `optimizer` can't be captured; empty if they can."""
    if type(optimizer) not in (torch.optim.Adam, torch.optim.AdamW):
        return f"expected Adam or AdamW, got {type(optimizer).__name__}"
    if "step" in vars(optimizer) or optimizer._optimizer_step_pre_hooks or optimizer._optimizer_step_post_hooks:
        return "the optimizer's step is wrapped or has hooks"
    if any(any(group[option] for option in _OPTIONS) for group in optimizer.param_groups):
        return "the optimizer has unusual options"
    if len({group["lr"] for group in optimizer.param_groups}) > 1:
        return "the optimizer has several learning rates"
    return ""


def keep_counters_out_of_files(optimizer: torch.optim.Optimizer) -> None:
    """Have `optimizer.state_dict()` return counters of steps on the CPU, as Adam without `capturable` has them."""

    def with_cpu_counters(_: Any, saved: dict[str, Any]) -> dict[str, Any]:
        state = {
            index: {name: value.cpu() if name == _STEP else value for name, value in of_one.items()}
            for index, of_one in saved["state"].items()
        }
        return {**saved, "state": state}

    optimizer.register_state_dict_post_hook(with_cpu_counters)


def move_counters(optimizer: torch.optim.Optimizer, device: torch.device) -> None:
    for of_one in optimizer.state.values():
        if _STEP in of_one and of_one[_STEP].device != device:
            of_one[_STEP] = of_one[_STEP].to(device)


def state_tensors(optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    return [value for of_one in optimizer.state.values() for value in of_one.values()]


@contextmanager
def rate_in_groups(optimizer: torch.optim.Optimizer, rate: LearningRate) -> Iterator[None]:
    """Have a step use `rate`: its tensor on a CUDA device; on a CPU, which has no capturable step, its number."""
    is_captured = rate.exact.is_cuda
    inside = {"lr": rate.rounded if is_captured else rate.exact.item(), "capturable": is_captured}
    before = [{name: group[name] for name in inside} for group in optimizer.param_groups]
    for group in optimizer.param_groups:
        group.update(inside)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*capturable=True.*")  # of the warm-up runs
            yield
    finally:
        for group, values in zip(optimizer.param_groups, before, strict=True):
            group.update(values)
