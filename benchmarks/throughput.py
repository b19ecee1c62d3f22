"""Measure fast mode: steps per second of plain mjlab against the same training, steered, with its step captured.

    uv run python -m benchmarks.throughput [--rows TASK:ENVIRONMENTS[xGPUS] ...] [--checkpoint TASK=FILE ...]
                                           [--device DEVICE] [--blocks N] [--iterations N]

TASK is `flat`, `rough` or the name of a task of mjlab; ENVIRONMENTS are those of each GPU. Without `--rows`, all rows
of the target are measured that the machine has GPUs for, the shortest first. Two processes build the same task with the
same seed: mjlab's runner as its own script trains it, and the same with `steer`, success without noise, and fast mode.
They train in turn, ITERATIONS at a time, while the other one is idle. With a FILE, which is a checkpoint of rsl-rl for
the task, both start from its policy, so that few robots fall.

Each pair of blocks is printed when it is done, then the row, so that an interruption loses nothing:

- plain, fast: the median time of an iteration
- ratio: fast / plain in steps per second, the median of the pairs and their quartiles
- busy: the share of an iteration in which the first GPU executes kernels, from one iteration under a profiler; kernels
  that wait for another GPU count
- GiB: memory of one GPU after the first block
- first: seconds from the start of the process to the end of its first iteration, with compiled kernels
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.overhead import Child, parser_of
from tui.session.backends.devices import list_devices

TASKS = {"flat": "Mjlab-Velocity-Flat-Unitree-G1", "rough": "Mjlab-Velocity-Rough-Unitree-G1"}
_TARGET = ("flat:4096", "rough:4096", "flat:8192", "flat:4096x2", "flat:16384")
_ON_CPU = ("flat:16",)
KINDS = ("plain", "fast")
MORE = ("policy", "success", "noise_free")
"""Options of this benchmark that its processes are told."""
_TO_COMPILE = 16
"""Environments of the training that only compiles the kernels of a task."""


@dataclass(frozen=True)
class Row:
    """What is trained."""

    task: str
    num_envs: int
    gpus: int = 1

    def __str__(self) -> str:
        return f"{self.task}:{self.num_envs}" + (f"x{self.gpus}" if self.gpus > 1 else "")


@dataclass
class Measured:
    """What one training of a pair has shown."""

    first_iteration: float
    memory: float
    """GiB."""
    seconds: list[float]
    """Of an iteration, by block."""
    busy: float = 0.0
    """Seconds of an iteration; 0 if unknown."""

    @property
    def cells(self) -> str:
        median = statistics.median(self.seconds)
        busy = f"{self.busy / median:.0%}" if self.busy else "–"
        return f"{median * 1000:>8.0f} ms {busy:>5} {self.memory:>6.2f} {self.first_iteration:>6.1f} s"


def main() -> None:
    options = _options()
    if options.child:
        train(options)
        return
    columns = " ".join(f"{kind:>11} {'busy':>5} {'GiB':>6} {'first':>8}" for kind in KINDS)
    print(f"{'row':<14}{'fast, steps/s':>14} {columns} {'ratio':>8} (quartiles)", flush=True)
    compiled: set[str] = set()
    for row in options.rows:
        if row.task not in compiled:
            _start("plain", Row(row.task, _TO_COMPILE), options).close()
            compiled.add(row.task)
        try:
            _measure(row, options)
        except SystemExit as error:  # of a process, with the end of its log
            print(f"{row}: {error}", flush=True)


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of what the processes of this benchmark are told."""
    parser = parser_of(description, "pairs of blocks")
    parser.add_argument("--policy", default="", help=argparse.SUPPRESS)
    parser.add_argument("--success", default="velocity", help="kind of success to measure, with fast mode")
    parser.add_argument("--noise-free", type=float, default=0.03, help="share of environments without noise")
    parser.add_argument("--child", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.set_defaults(blocks=6)
    return parser


def _options() -> argparse.Namespace:
    of_all = parser(__doc__)
    of_all.add_argument("--rows", nargs="+", type=_row, metavar="ROW")
    of_all.add_argument("--checkpoint", nargs="+", type=_checkpoint, default=[], metavar="TASK=FILE")
    options = of_all.parse_args()
    gpus = sum(device.name.startswith("cuda") for device in list_devices())
    texts = _ON_CPU if options.device == "cpu" else _TARGET
    options.rows = options.rows or [row for row in map(_row, texts) if row.gpus <= max(gpus, 1)]
    return options


def _row(text: str) -> Row:
    parts = re.fullmatch(r"(.+):(\d+)(?:x(\d+))?", text)
    if parts is None:
        raise argparse.ArgumentTypeError(f"expected TASK:ENVIRONMENTS or TASK:ENVIRONMENTSxGPUS, got {text}")
    return Row(parts[1], int(parts[2]), int(parts[3] or 1))


def _checkpoint(text: str) -> tuple[str, str]:
    task, separator, path = text.partition("=")
    if not separator or not Path(path).is_file():
        raise argparse.ArgumentTypeError(f"expected TASK=FILE with a checkpoint, got {text}")
    return task, str(Path(path).resolve())


def _start(kind: str, row: Row, options: argparse.Namespace) -> Child:
    told = {
        "task": TASKS.get(row.task, row.task),
        "num_envs": row.num_envs,
        "policy": dict(options.checkpoint).get(row.task, ""),
    }
    namespace = argparse.Namespace(**vars(options) | told)
    return Child(kind, namespace, "throughput", MORE, row.gpus)


def _measure(row: Row, options: argparse.Namespace) -> None:
    children: dict[str, Child] = {}
    try:
        print(_measured(row, options, children), flush=True)
    finally:
        for child in children.values():
            child.close()


def _measured(row: Row, options: argparse.Namespace, children: dict[str, Child]) -> str:
    """Return the row's line; the processes that were started are in `children`."""
    measured: dict[str, Measured] = {}
    used = 0.0
    for kind in KINDS:
        child = children[kind] = _start(kind, row, options)
        total = child.block()["memory_gib"]  # the first block captures; of a GPU, it is that of all processes
        measured[kind] = Measured(child.facts["first_iteration"], total - used, [])
        used = total if options.device != "cpu" else 0.0
    ratios: list[float] = []
    for block in range(options.blocks):
        seconds = {kind: children[kind].block()["seconds"] for kind in (KINDS if block % 2 == 0 else KINDS[::-1])}
        ratios.append(seconds["plain"] / seconds["fast"])
        for kind in KINDS:
            measured[kind].seconds.append(seconds[kind])
        times = ", ".join(f"{kind} {seconds[kind] * 1000:.0f} ms" for kind in KINDS)
        print(f"  {row}, pair {block + 1}: {times}, ratio {ratios[-1]:.3f}", flush=True)
    for kind, child in children.items():
        with suppress(SystemExit):  # of a profiler that this machine doesn't allow: the rest of the row is there
            measured[kind].busy = child.busy_seconds() if options.device != "cpu" else 0.0
    steps = children["fast"].facts["steps"] * row.gpus / statistics.median(measured["fast"].seconds)
    low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    cells = " ".join(measured[kind].cells for kind in KINDS)
    return f"{row!s:<14}{steps:>14,.0f} {cells} {middle:>8.3f} ({low:.3f} to {high:.3f})"


def train(options: argparse.Namespace) -> None:
    """Build the training, then obey the words on standard input (`Blocks`)."""
    from benchmarks.overhead_child import Blocks, Stopwatch, build

    began = time.perf_counter()
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # rsl-rl prints a table per iteration, which must not mix with the replies
    runner: Any = build(options)
    if options.child == "fast":
        from trainer_proc import steer

        steer(runner, success={"kind": options.success, "noise_free": options.noise_free}, fast=True)
    if options.policy:
        runner.load(options.policy, map_location=options.device)
    Blocks(runner, options.iterations, {}, inner=Stopwatch(), outer=Stopwatch(), replies=replies, began=began)
    runner.learn(num_learning_iterations=10**6, init_at_random_ep_len=True)


if __name__ == "__main__":
    main()
