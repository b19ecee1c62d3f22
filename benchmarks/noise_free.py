"""Compare learning with and without environments that act without exploration noise.

    uv run python -m benchmarks.noise_free [--task TASK] [--num-envs N] [--iterations N] [--seeds N] [--share SHARE]
                                           [--device DEVICE]

For each seed, the task of mjlab is trained twice: once all environments act with noise, once a share acts without. Both
trainings are in one process and take turns, an iteration at a time. Printed is the mean reward a step of the
environments that PPO learns from, over tenths of the training: mean and standard deviation over the seeds. Below are
the reward of the environments without noise, and the median ratio of the iteration times.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from contextlib import redirect_stdout
from dataclasses import asdict
from io import StringIO
from typing import Any

import torch
from mjlab.envs import ManagerBasedRlEnv
from mjlab.rl import MjlabOnPolicyRunner, RslRlVecEnvWrapper
from mjlab.tasks.registry import load_env_cfg, load_rl_cfg

from trainer_proc.metrics.observer import Observer
from trainer_proc.metrics.success.noise_free import NoiseFree

_PARTS = 10


def main() -> None:
    options = _options()
    curves: dict[str, list[list[float]]] = {"with noise": [], "split": [], "without noise": []}
    ratios: list[float] = []
    for seed in range(1, options.seeds + 1):
        trainings = [Training(options, seed, share) for share in (0.0, options.share)]
        for iteration in range(options.iterations):
            order = trainings if iteration % 2 == 0 else trainings[::-1]
            for training in order:
                training.iterate()
            if iteration:  # the first one compiles
                ratios.append(trainings[1].seconds[-1] / trainings[0].seconds[-1])
        curves["with noise"].append(trainings[0].learned_from)
        curves["split"].append(trainings[1].learned_from)
        curves["without noise"].append(trainings[1].noise_free)
        for training in trainings:
            training.close()
        print(f"seed {seed} done", flush=True)
    _report(options, curves, ratios)


class Training:
    """A training of rsl-rl that runs one iteration on command, and its rewards a step by iteration."""

    def __init__(self, options: argparse.Namespace, seed: int, share: float) -> None:
        env_cfg, agent_cfg = load_env_cfg(options.task), load_rl_cfg(options.task)
        env_cfg.scene.num_envs = options.num_envs
        env_cfg.seed = agent_cfg.seed = seed
        agent_cfg.logger = "tensorboard"
        self._folder = tempfile.TemporaryDirectory()
        with redirect_stdout(StringIO()):
            env = ManagerBasedRlEnv(cfg=env_cfg, device=options.device)
            self._env = RslRlVecEnvWrapper(env, clip_actions=agent_cfg.clip_actions)
            torch.manual_seed(seed)
            runner = MjlabOnPolicyRunner(self._env, asdict(agent_cfg), self._folder.name, options.device)
        runner.cfg["save_interval"] = 10**9
        runner.save = lambda *args, **kwargs: None
        self._runner = runner
        self._is_learned_from = torch.ones(options.num_envs, dtype=torch.bool, device=options.device)
        if share:
            noise_free = NoiseFree(runner, share)
            noise_free.install(Observer())
            self._is_learned_from[noise_free.environments] = False
        self._rewards: list[torch.Tensor] = []
        self._step = self._env.step
        self._env.step = self._recorded_step
        self.learned_from: list[float] = []
        self.noise_free: list[float] = []
        self.seconds: list[float] = []

    def iterate(self) -> None:
        self._rewards.clear()
        began = time.perf_counter()
        with redirect_stdout(StringIO()):
            self._runner.learn(1, init_at_random_ep_len=not self.seconds)
        self.seconds.append(time.perf_counter() - began)
        self._runner.current_learning_iteration += 1
        means = torch.stack(self._rewards).mean(0)
        self.learned_from.append(float(means[self._is_learned_from].mean()))
        self.noise_free.append(float(means[~self._is_learned_from].mean()))

    def close(self) -> None:
        self._env.close()
        self._folder.cleanup()

    def _recorded_step(self, actions: torch.Tensor) -> Any:
        result = self._step(actions)
        self._rewards.append(result[1].clone())
        return result


def _report(options: argparse.Namespace, curves: dict[str, list[list[float]]], ratios: list[float]) -> None:
    print(f"{options.task}, {options.num_envs} environments, {options.seeds} seeds, {options.iterations} iterations")
    print("iterations   " + "".join(f"{name:>24}" for name in curves))
    length = max(options.iterations // _PARTS, 1)
    for first in range(0, options.iterations, length):
        row = f"{first:>4} to {min(first + length, options.iterations) - 1:<4}"
        for of_seeds in curves.values():
            row += f"{_spread([statistics.mean(curve[first : first + length]) for curve in of_seeds]):>24}"
        print(row)
    whole = "".join(f"{_spread([statistics.mean(curve) for curve in of_seeds]):>24}" for of_seeds in curves.values())
    print(f"{'all':<12}{whole}")
    low, middle, high = statistics.quantiles(ratios, n=4)
    print(f"iteration time, split / with noise: median {middle:.3f} (quartiles {low:.3f} to {high:.3f})")


def _spread(values: list[float]) -> str:
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.4f} ± {deviation:.4f}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="Mjlab-Cartpole-Balance")
    parser.add_argument("--num-envs", type=int, default=64)
    parser.add_argument("--iterations", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.03)
    parser.add_argument("--device", default="cpu")
    return parser.parse_args()


if __name__ == "__main__":
    main()
