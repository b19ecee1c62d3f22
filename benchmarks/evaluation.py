"""Episodes per second of `evaluate --suite quick` beside mjlab's own play loop, in the same environments.

`uv run python -m benchmarks.evaluation [--task TASK] [--device cuda:0] [--num-envs 64]`

Both play the same untrained policy in the same built environments, in turns. mjlab's loop (`mjlab/viewer/base.py`)
computes the observations, asks the policy and steps; it plays as long as the longest episode. Reported are medians.
Memory is the largest resident set of the process and, on a GPU, what torch has allocated at most: both only grow.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch

from presets.success import Success
from trainer_proc.contract.run_folder import RunSpec
from trainer_proc.evaluation.play import play
from trainer_proc.evaluation.stage import Stage, built_stage
from trainer_proc.evaluation.suites.suite import Trial
from trainer_proc.metrics.success.rules import make_rule
from trainer_proc.rl_libraries.isaaclab.load import load_library
from trainer_proc.simulators.registry import load_backend


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", default="Mjlab-Velocity-Flat-Unitree-G1")
    parser.add_argument("--kind", default="velocity", help="kind of success")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--num-envs", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=4.0, help="longest episode")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    spec = RunSpec(
        preset="",
        backend="mjlab",
        task=given.task,
        experiment="",
        device=given.device,
        num_envs=given.num_envs,
        iterations=1,
        seed=0,
        overrides={"env.episode_length_s": given.seconds, "agent.num_steps_per_env": 1},
        success={"kind": given.kind},
    )
    with built_stage(load_backend("mjlab", load_library), spec, {}) as stage:
        policy = _Untrained(stage.runner)
        for name, run in (("mjlab's play loop", _play_of_mjlab), ("evaluate --suite quick", _play_of_ours)):
            run(stage, policy)  # kernels are compiled and loaded
            print(f"{name}: largest resident set {_memory_mib(given.device)}")
        times: dict[str, list[tuple[float, int]]] = {"mjlab": [], "ours": []}
        for _ in range(given.repeats):
            times["mjlab"].append(_timed(lambda: _play_of_mjlab(stage, policy), given.device))
            times["ours"].append(_timed(lambda: _play_of_ours(stage, policy), given.device))
    rates = {name: median(steps / seconds for seconds, steps in found) for name, found in times.items()}
    for name, rate in rates.items():
        seconds = [round(of_one, 2) for of_one, _ in times[name]]
        print(f"{name}: {rate:.1f} steps/s, {rate * given.num_envs:.0f} environment steps/s, {seconds} s")
    print(f"ratio ours / mjlab: {rates['ours'] / rates['mjlab']:.3f}")


class _Untrained:
    """The runner's actor, by its mean."""

    def __init__(self, runner: Any) -> None:
        self._actor = runner.get_inference_policy(device=runner.device)

    def act(self, observations: Any) -> torch.Tensor:
        actions: torch.Tensor = self._actor(observations)
        return actions

    def reset(self, dones: torch.Tensor | None = None) -> None:
        self._actor.reset(dones)


def _play_of_mjlab(stage: Stage, policy: _Untrained) -> int:
    """Play as long as the longest episode in mjlab's loop, and return the steps."""
    stage.reset(0)
    steps = int(stage.env.max_episode_length)
    for _ in range(steps):
        stage.env.step(policy.act(stage.env.get_observations()))
    return steps


def _play_of_ours(stage: Stage, policy: _Untrained) -> int:
    """Play an episode in each environment and return the steps of the longest."""
    rule = make_rule(Success(kind=stage.spec.success["kind"]), stage.task, stage.simulator)
    done = []
    play(
        stage,
        policy,
        rule,
        Trial(),
        [0] * int(stage.env.num_envs),
        seed=0,
        report=lambda steps, total: done.append(steps),
    )
    return int(done[-1])


def _timed(work: Callable[[], int], device: str) -> tuple[float, int]:
    began = time.perf_counter()
    steps = work()
    if device != "cpu":
        torch.cuda.synchronize()
    return time.perf_counter() - began, steps


def _memory_mib(device: str) -> str:
    text = f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB"
    return text if device == "cpu" else f"{text}, {torch.cuda.max_memory_allocated() / 2**20:.0f} MiB on the GPU"


if __name__ == "__main__":
    main()
