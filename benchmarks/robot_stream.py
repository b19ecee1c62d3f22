"""Measure what viewers of the robot cost a training: 0, 1 and 4 of them, beside plain rsl-rl.

    uv run python -m benchmarks.robot_stream [--backend BACKEND] [--task TASK] [--num-envs N] [--device DEVICE]
                                             [--blocks N] [--iterations N]

Two processes build the same task with the same seed, as in `benchmarks.overhead`: one plain, one with everything
attached. They train in turn, the attached one with each number of viewers. Each viewer is a thread of this process that
watches an environment of its own. Printed for each number of viewers are:

- median and quartiles of the paired ratios of iteration times, to the plain process and to no viewer
- the time in the wrapper of `process_env_step` beyond that without viewers, as share of the iteration; and the same in
  processor time, which does not depend on what else the machine does
- states per second that viewers got

The last line is the share of one viewer of four beside the target. `--task` with terrain adds samples of the ground.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from typing import Any

import zmq

from benchmarks.overhead import Child, parsed, parser_of
from benchmarks.overhead_child import STEP
from trainer_proc.contract.robot import Selection

VIEWERS = (0, 1, 4)
TARGET = 0.005
"""Largest share of the iteration that a viewer may take."""


class Viewers:
    """Threads that watch one environment each, while the context is entered."""

    def __init__(self, address: str, count: int) -> None:
        self._address, self._count = address, count
        self._done = threading.Event()
        self.states = 0

    def __enter__(self) -> Viewers:
        self._threads = [threading.Thread(target=self._watch, args=(number,)) for number in range(self._count)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _watch(self, environment: int) -> None:
        with zmq.Context.instance().socket(zmq.SUB) as socket:
            socket.connect(self._address)
            socket.subscribe(Selection("env", str(environment)).topic())
            while not self._done.is_set():
                if socket.poll(50):
                    socket.recv_multipart()
                    self.states += 1


def main() -> None:
    options = _options()
    plain, attached = (Child(kind, options) for kind in ("plain", "steered"))
    address = attached.facts["control"].replace("/control", "/robot")
    plain.block()  # the first iterations warm up
    attached.block()
    seconds: dict[Any, list[float]] = {kind: [] for kind in ("plain", *VIEWERS)}
    hooks: dict[int, list[float]] = {count: [] for count in VIEWERS}
    works: dict[int, list[float]] = {count: [] for count in VIEWERS}
    rates: dict[int, list[float]] = {count: [] for count in VIEWERS}
    processor = []
    for block in range(options.blocks):
        alone = plain.block()
        seconds["plain"].append(alone["seconds"])
        processor.append(alone["processor"])
        for count in VIEWERS if block % 2 == 0 else reversed(VIEWERS):
            with Viewers(address, count) as viewers:
                began = time.perf_counter()
                measured = attached.block()
                rates[count].append(viewers.states / (time.perf_counter() - began))
            seconds[count].append(measured["seconds"])
            hooks[count].append(measured["hooks"][STEP])
            works[count].append(measured["step_processor"])
    for child in (plain, attached):
        child.close()
    _report(options, seconds, rates)
    for what, costs, iteration in (("time", hooks, seconds["plain"]), ("processor time", works, processor)):
        share = _report_hook(what, costs, statistics.median(iteration))
        verdict = "met" if share <= TARGET else "missed"
        print(f"  {'each of them':<42}{share:>8.3%} (target {TARGET:.1%}: {verdict})")


def _options() -> argparse.Namespace:
    options = parsed(parser_of(__doc__, "blocks of each kind"))
    options.success = "time-out"
    return options


def _report(options: argparse.Namespace, seconds: dict[Any, list[float]], rates: dict[int, list[float]]) -> None:
    iteration = statistics.median(seconds["plain"])
    print(f"{options.task}, {options.num_envs} environments, {options.device}: {options.blocks} blocks of each kind")
    print(f"of {options.iterations} iterations; plain iteration {iteration * 1000:.1f} ms, median")
    for count in VIEWERS:
        print(f"{count} viewers")
        print(f"  {'to plain, median (quartiles)':<42}{_ratios(seconds[count], seconds['plain'])}")
        print(f"  {'to no viewer, median (quartiles)':<42}{_ratios(seconds[count], seconds[VIEWERS[0]])}")
        print(f"  {'messages to all viewers':<42}{statistics.median(rates[count]):>8.1f} a second")


def _report_hook(what: str, costs: dict[int, list[float]], iteration: float) -> float:
    """Return the share of the iteration that each of the most viewers takes."""
    alone = statistics.median(costs[VIEWERS[0]])
    print(f"hook per iteration, {what}: {alone * 1000:.3f} ms without viewers ({alone / iteration:.3%})")
    for count in VIEWERS[1:]:
        beyond = statistics.median(one - other for one, other in zip(costs[count], costs[VIEWERS[0]], strict=True))
        print(f"  {f'{count} viewers, beyond that':<42}{beyond * 1000:>8.3f} ms ({beyond / iteration:.3%})")
    return beyond / count / iteration


def _ratios(ours: list[float], theirs: list[float]) -> str:
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    return f"{middle:>8.4f}    ({low:.4f} to {high:.4f})"


if __name__ == "__main__":
    main()
