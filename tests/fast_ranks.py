"""Trains on the ranks of `torchrun`, on the CPU, without and with fast mode; writes what was learned to a folder."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import torch
from rsl_rl.runners import OnPolicyRunner

from tests.tiny_training import PointEnv, make_runner
from trainer_proc.fast.ppo.attach import attach_fast_ppo
from trainer_proc.fast.report import FastReport
from trainer_proc.simulators.distributed import with_cpu_ranks


def learned(is_fast: bool, rank: int, eager_rank: int) -> dict:
    """Return weights, rates and losses of a training; `eager_rank` updates eagerly from its third update on."""
    numbers = range(6 + 2 * rank)  # other environments on each rank, as with some that act without noise
    settings = {"environment": lambda: PointEnv(numbers), "normalize": True, "num_mini_batches": 2}
    runner = make_runner(None, with_cpu_ranks(OnPolicyRunner), **settings)
    torch.manual_seed(rank)
    report = FastReport()
    if is_fast:
        attach_fast_ppo(runner, report)
    rates = []
    update = runner.alg.update

    def seen_update():
        if rank == eager_rank and len(rates) == 2:
            runner.alg.optimizer.register_step_pre_hook(lambda *_: None)
        losses = update()
        rates.append((runner.alg.learning_rate, losses))
        return losses

    runner.alg.update = seen_update
    runner.learn(4)
    torch.distributed.init_process_group = lambda *_, **__: None  # the next training uses the same group
    weights = [
        parameter.tolist() for model in (runner.alg.actor, runner.alg.critic) for parameter in model.parameters()
    ]
    return {"weights": weights, "rates": rates, "eager": report.eager()}


def main() -> None:
    folder, eager_rank, rank = Path(sys.argv[1]), int(sys.argv[2]), int(os.environ["RANK"])
    both = [learned(is_fast, rank, eager_rank) for is_fast in (False, True)]
    torch.distributed.destroy_process_group()
    (folder / f"rank_{rank}.json").write_text(json.dumps(both))


if __name__ == "__main__":
    main()
