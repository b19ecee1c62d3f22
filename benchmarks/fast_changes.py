"""Measure what live changes cost fast mode: an iteration after one change, and captures during ramps.

    uv run python -m benchmarks.fast_changes [--num-envs N] [--device DEVICE] [--changes N]

The flat G1 of mjlab trains in fast mode. A knob is changed between two iterations, as steering does; then two follow
without a change. Of each kind, N knobs are changed once, and one more ramps over ten iterations. Printed are:

- more: milliseconds beyond the median of iterations without a change, the change itself included
- captures: graphs captured, by iteration, and the duration of the longest; a ramp is to capture at its first two only
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.overhead import TASKS, parsed
from benchmarks.overhead_child import build
from trainer_proc.knobs.discover import discover_knobs
from trainer_proc.knobs.live import LiveKnob
from trainer_proc.metrics.environment import unwrapped
from trainer_proc.metrics.observer import Observer
from trainer_proc.simulators.registry import simulator_of
from trainer_proc.training.fast import FastTraining
from tui.session.backends.devices import list_devices

_KINDS = {
    "reward weight": (r"reward/[^/]+/weight", "number", False),
    "reward parameter": (r"reward/.*(?<!/weight)", "number", False),
    "event range": (r"event/.*(?<!/interval_range_s)", "range", False),
    "command range": (r"command/.*", "range", False),
    "startup randomization": (r"event/(mass|motor)/.*", "range", True),  # of fields that the task leaves alone
}
_WARM_UP, _RAMP = 4, 10


@dataclass
class Iteration:
    """What is changed ahead of an iteration, and what it has shown."""

    label: str = ""
    change: Callable[[], None] = lambda: None
    ms: float = 0.0
    captures: int = 0
    longest_ms: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-envs", type=int)
    parser.add_argument("--device", default=list_devices()[0].name)
    parser.add_argument("--changes", type=int, default=4, help="knobs of each kind that are changed once")
    parser.set_defaults(backend="mjlab", task=TASKS["mjlab"], seed=42)
    options = parsed(parser)
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(sys.stderr):
        runner: Any = build(argparse.Namespace(**vars(options), folder=Path(folder)))
        fast = FastTraining(runner, lambda body: None, Observer())
        fast.attach()
        plan = _plan(discover_knobs(runner, simulator_of(unwrapped(runner.env)), print).knobs, options.changes)
        ahead, log = _iterations(plan, fast), runner.logger.log
        runner.logger.log = lambda **values: (log(**values), next(ahead, None))
        next(ahead)  # begins the first iteration
        runner.learn(num_learning_iterations=len(plan), init_at_random_ep_len=True)
    plain = statistics.median(one.ms for one in plan[_WARM_UP:] if not one.label)
    print(f"{options.num_envs} environments, {plain:.0f} ms an iteration; eager: {fast.report.eager()}")
    for label in dict.fromkeys(one.label for one in plan if one.label):
        done = [one for one in plan if one.label == label]
        more, longest = [one.ms - plain for one in done], max(one.longest_ms for one in done)
        print(f"{label:<31}more: median {statistics.median(more):.0f} ms, most {max(more):.0f} ms;", end=" ")
        print("captures", *(one.captures for one in done), f"longest {longest:.0f} ms")


def _plan(knobs: list[LiveKnob], changes: int) -> list[Iteration]:
    plan, ramps = [Iteration() for _ in range(_WARM_UP)], []
    for kind, (names, type_, samples) in _KINDS.items():
        named = [one for one in knobs if re.fullmatch(names, one.name) and one.description.type == type_ and one.read()]
        ramped, *others = [knob for knob in named if (knob.resample is not None) == samples]
        for knob in others[:changes]:
            plan += [Iteration(kind, partial(_change, knob, 1)), Iteration(), Iteration()]
        ramps += [Iteration(f"ramp of {kind}", partial(_change, ramped, step + 1)) for step in range(_RAMP)]
    return plan + ramps


def _change(knob: LiveKnob, step: int) -> None:
    value: Any = knob.description.default
    knob.write((value[0] - step / 100, value[1] + step / 100) if isinstance(value, tuple) else value * (1 + step / 100))
    if knob.resample is not None:
        knob.resample("now")


def _iterations(plan: list[Iteration], fast: FastTraining) -> Iterator[None]:
    """Make the planned change and yield at the begin of each iteration; measure it at its end."""
    for one in plan:
        before, began = {part.name: part.captures for part in fast.report.parts}, time.perf_counter()
        one.change()
        fast.start_iteration(checks_for_nan=False)
        yield
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        one.ms = (time.perf_counter() - began) * 1000
        for part in fast.report.parts:
            if captures := part.captures - before.get(part.name, 0):
                one.captures, one.longest_ms = one.captures + captures, max(one.longest_ms, part.capture_seconds * 1000)


if __name__ == "__main__":
    main()
