"""Compare learning with and without fast mode: the same task and seeds, by plain mjlab and with its step captured.

    uv run python -m benchmarks.fast_curves [--task TASK] [--num-envs N] [--device DEVICE] [--seeds N] [--parts N]
                                            [--iterations N] [--at-once]

Each training has PARTS × ITERATIONS iterations in a process of its own. They run one after the other: plain and fast of
the first seed, then of the next; or all at once, for which a GPU needs MPS (docs/performance.md). When a training ends,
its mean rewards of the last 100 episodes are printed, one for each part. At the end, a table has mean and standard
deviation over the seeds, and whether the means differ by less than both deviations together. All environments act with
noise.
"""

from __future__ import annotations

import argparse
import statistics
from concurrent.futures import ThreadPoolExecutor

from benchmarks.overhead import Child
from benchmarks.throughput import KINDS, MORE, TASKS, parser


def main() -> None:
    options = _options()
    trainings = [(kind, seed) for seed in range(1, options.seeds + 1) for kind in KINDS]
    with ThreadPoolExecutor(len(trainings) if options.at_once else 1) as pool:
        rewards = list(pool.map(lambda training: _curve(*training, options), trainings))
    curves: dict[str, list[list[float]]] = {kind: [] for kind in KINDS}
    for (kind, _), curve in zip(trainings, rewards, strict=True):
        curves[kind].append(curve)
    _report(options, curves)


def _curve(kind: str, seed: int, options: argparse.Namespace) -> list[float]:
    """Return the reward after each part; NaN before the first episode has ended."""
    child = Child(kind, argparse.Namespace(**vars(options) | {"seed": seed}), "throughput", MORE)
    found = [child.block()["reward"] for _ in range(options.parts)]
    child.close()
    rewards = [float("nan") if reward is None else reward for reward in found]
    print(f"seed {seed}, {kind:<5}" + "".join(f"{reward:>9.3f}" for reward in rewards), flush=True)
    return rewards


def _report(options: argparse.Namespace, curves: dict[str, list[list[float]]]) -> None:
    print(f"{options.task}, {options.num_envs} environments, {options.seeds} seeds: reward, mean ± deviation")
    print("iteration" + "".join(f"{kind:>20}" for kind in KINDS) + "   within both deviations")
    for part in range(options.parts):
        means, deviations = [], []
        for kind in KINDS:
            values = [curve[part] for curve in curves[kind]]
            means.append(statistics.mean(values))
            deviations.append(statistics.stdev(values) if len(values) > 1 else 0.0)
        spreads = [f"{mean:.3f} ± {deviation:.3f}" for mean, deviation in zip(means, deviations, strict=True)]
        is_within = abs(means[0] - means[1]) <= sum(deviations)
        iteration = (part + 1) * options.iterations
        print(f"{iteration:>9}" + "".join(f"{spread:>20}" for spread in spreads) + f"   {'yes' if is_within else 'no'}")


def _options() -> argparse.Namespace:
    of_curves = parser(__doc__)
    of_curves.add_argument("--seeds", type=int, default=3)
    of_curves.add_argument("--parts", type=int, default=10)
    of_curves.add_argument("--at-once", action="store_true", help="train all at the same time")
    of_curves.set_defaults(task=TASKS["flat"], iterations=30, noise_free=0.0)
    options = of_curves.parse_args()
    options.num_envs = options.num_envs or (16 if options.device == "cpu" else 4096)
    return options


if __name__ == "__main__":
    main()
