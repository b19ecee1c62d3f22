"""A training script of somebody's own, built as mjlab's `train.py` is, with one line more: `steer(runner)`."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from rsl_rl.runners import OnPolicyRunner

from tests.tiny_training import STEPS, make_runner
from trainer_proc import steer
from trainer_proc.simulators.distributed import with_cpu_ranks


def run_train(log_dir: Path, iterations: int, resume: Path | None, refusing_rank: str, curricula: str) -> None:
    rank = os.environ.get("RANK", "0")
    if rank == "0":
        log_dir.mkdir(parents=True)
    runner = make_runner(str(log_dir), with_cpu_ranks(OnPolicyRunner), normalize=True)
    if rank == refusing_rank:
        refuse_large_entropy(runner.alg)
    runner.add_git_repo_to_log(__file__)
    steer(runner, curricula=json.loads(curricula))
    if resume is not None:
        runner.load(str(resume))
    witness = open(log_dir.parent / f"rank_{rank}.jsonl", "a")  # noqa: SIM115 (until the end)
    see_every_rollout(runner, witness)
    runner.learn(num_learning_iterations=iterations, init_at_random_ep_len=True)
    weights = [float(parameter.sum()) for parameter in runner.alg.actor.parameters()]
    print(json.dumps({"after": weights}), file=witness, flush=True)


def refuse_large_entropy(algorithm):
    """Make a knob of this rank's fail where the others' do not."""

    class Refusing(type(algorithm)):
        def __setattr__(self, name, value):
            if name == "entropy_coef" and value > 0.4:
                raise MemoryError("this rank is full")
            super().__setattr__(name, value)

    algorithm.__class__ = Refusing


def see_every_rollout(runner, witness):
    """Write down which values each rollout is collected under."""
    step, algorithm, steps = runner.env.step, runner.alg, 0

    def seen_step(actions):
        nonlocal steps
        if steps % STEPS == 0:
            values = [algorithm.entropy_coef, algorithm.num_learning_epochs, algorithm.clip_param]
            print(json.dumps(values), file=witness, flush=True)
        steps += 1
        return step(actions)

    runner.env.step = seen_step


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("log_dir", type=Path)
    parser.add_argument("--iterations", type=int, default=1_000_000)
    parser.add_argument("--resume", type=Path)
    parser.add_argument("--refusing-rank", default="")
    parser.add_argument("--curricula", default="{}")
    arguments = parser.parse_args()
    run_train(**vars(arguments))


if __name__ == "__main__":
    main()
