"""Measure what periodic evaluation costs a training, within one run.

    uv run python benchmarks/periodic_evaluation.py [--preset NAME] [--iterations N] [--every N] [--device D]
    uv run python benchmarks/periodic_evaluation.py --run RUN

Starts a training with `--evaluate-every`, or reads the journal of one. Iterations during an evaluation are compared
with the median of as many before and after it, so that slow drifts of the pace cancel. The time for which the training
is blocked to save the checkpoint counts too.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from presets import load_preset
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import Frame, IterationFinished
from trainer_proc.contract.products import EvaluationFinished, EvaluationStarted
from trainer_proc.contract.run_folder import RunFolder
from tui.session.backends.devices import list_devices
from tui.session.launching.launcher import Overrides, make_spec, start_trainer
from tui.session.runs.run_index import find_run

_FIRST = 3
"""Iterations that are left out: kernels are compiled and memory is reserved in them."""


@dataclass(frozen=True)
class Evaluated:
    """An evaluation: the durations (s) of the iterations during it and around it."""

    iteration: int
    seconds: float
    during: list[float]
    around: list[float]

    @property
    def lost(self) -> float:
        """Seconds that the training lost to it; the save of the checkpoint is in the first iteration during it."""
        return sum(self.during) - len(self.during) * median(self.around)


def evaluated(frames: list[Frame]) -> list[Evaluated]:
    """Return the evaluations of a run that have undisturbed iterations before and after them."""
    ends = {frame.body.iteration: frame.time for frame in frames if isinstance(frame.body, IterationFinished)}
    took = {i: ends[i] - ends[i - 1] for i in ends if i - 1 in ends and i - min(ends) >= _FIRST}
    results = {frame.body.iteration: frame.body for frame in frames if isinstance(frame.body, EvaluationFinished)}
    spans = [
        (frame.time, frame.time + results[frame.body.iteration].seconds, frame.body.iteration)
        for frame in frames
        if isinstance(frame.body, EvaluationStarted) and frame.body.iteration in results
    ]
    during = {number: [i for i in took if begin < ends[i] and ends[i - 1] < end] for begin, end, number in spans}
    disturbed = {i for iterations in during.values() for i in iterations}
    found = []
    for begin, end, number in spans:
        own = during[number]
        if not own:
            continue
        before = [i for i in took if i < own[0] and i not in disturbed][-len(own) :]
        after = [i for i in took if i > own[-1] and i not in disturbed][: len(own)]
        if before and after:
            around = [took[i] for i in (*before, *after)]
            found.append(Evaluated(number, end - begin, [took[i] for i in own], around))
    return found


def report(frames: list[Frame], every: int) -> None:
    found = evaluated(frames)
    print(f"{'iteration':>10}{'evaluation s':>14}{'iterations':>12}{'during ms':>11}{'around ms':>11}{'lost s':>8}")
    for one in found:
        during, around = median(one.during) * 1000, median(one.around) * 1000
        row = f"{one.iteration:>10}{one.seconds:>14.1f}{len(one.during):>12}{during:>11.1f}{around:>11.1f}"
        print(f"{row}{one.lost:>8.2f}")
    if found:
        shares = [one.lost / (every * median(one.around)) for one in found]
        print(f"cost of an evaluation every {every} iterations: {median(shares):.2%} (median of {len(found)})")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--run")
    parser.add_argument("--preset", default="cartpole")
    parser.add_argument("--iterations", type=int, default=700)
    parser.add_argument("--every", type=int, default=200)
    parser.add_argument("--device")
    arguments = parser.parse_args()
    if arguments.run:
        folder = find_run(arguments.run, Path("logs/rsl_rl"))
        report(JournalReader(folder.journal).read_new(), folder.read_spec().evaluation.get("every", 200))
        return
    overrides = Overrides(iterations=arguments.iterations, device=arguments.device, evaluate_every=arguments.every)
    spec = make_spec(load_preset(arguments.preset), overrides, list_devices())
    with tempfile.TemporaryDirectory() as logs:
        folder, trainer = start_trainer(spec, Path(logs))
        trainer.wait()
        print(f"{spec.preset}, {spec.num_envs} environments, {spec.device}")
        report(JournalReader(RunFolder(folder.path).journal).read_new(), arguments.every)


if __name__ == "__main__":
    main()
