"""Ranks of a distributed training, as `torchrun` sets them in environment variables."""

from __future__ import annotations

import os
from typing import Any


def process_rank() -> int:
    """Return this process's rank under `torchrun`, otherwise 0."""
    return int(os.environ.get("RANK", "0"))


def rank_and_device(device: str) -> tuple[int, str]:
    """Return this process's rank and device; under `torchrun`, each rank uses the GPU of its local rank."""
    if device.startswith("cuda") and "LOCAL_RANK" in os.environ:
        device = f"cuda:{os.environ['LOCAL_RANK']}"
    return process_rank(), device


def with_cpu_ranks(runner_class: type[Any]) -> type[Any]:
    """Return a runner class that can also train on several CPU ranks; rsl-rl's needs a GPU and NCCL for each."""

    class CpuRanksRunner(runner_class):  # type: ignore[misc]
        def _configure_multi_gpu(self) -> None:
            world_size = int(os.environ.get("WORLD_SIZE", "1"))
            if world_size == 1 or not self.device.startswith("cpu"):
                super()._configure_multi_gpu()
                return
            import torch.distributed

            self.is_distributed, self.gpu_world_size = True, world_size
            self.gpu_global_rank, self.gpu_local_rank = process_rank(), int(os.environ.get("LOCAL_RANK", "0"))
            self.cfg["multi_gpu"] = {
                "global_rank": self.gpu_global_rank,
                "local_rank": self.gpu_local_rank,
                "world_size": world_size,
            }
            torch.distributed.init_process_group("gloo", rank=self.gpu_global_rank, world_size=world_size)

    return CpuRanksRunner
