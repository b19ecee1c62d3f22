"""A trainer for `benchmarks/dashboard.py`: the recorded start of a run and synthetic iterations over a real wire.

    python -m benchmarks.dashboard_trainer FOLDER POINTS

Writes POINTS iterations into the journal of the run in FOLDER, starts the wire process and prints `ready`. Each line of
standard input sets the number of iterations per second; its end stops the trainer.
"""

from __future__ import annotations

import selectors
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from benchmarks.dashboard_data import METRICS, rows
from trainer_proc.contract.codec import encode
from trainer_proc.contract.journal import JournalReader, JournalWriter
from trainer_proc.contract.messages import Body, Frame, IterationFinished, MetricSet, PhaseChanged, RunStarted
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.wire.link import TrainerLink

_STEPS = 4096 * 24
"""Environment steps of an iteration."""
_METRIC_SET = 1_000


def main() -> None:
    folder, points = RunFolder(Path(sys.argv[1])), int(sys.argv[2])
    _write_journal(folder, points)
    link = TrainerLink(folder)
    print("ready", flush=True)
    play(iterations(points), link)
    link.close()


def iterations(start: int) -> Iterator[IterationFinished]:
    """Yield iterations from `start` on, without end."""
    while True:
        for values in rows(start, 10_000):
            yield IterationFinished(
                start,
                metric_set=_METRIC_SET,
                values=values.tobytes(),
                environment_steps=start * _STEPS,
                seconds_left=3600.0,
            )
            start += 1


def play(bodies: Iterator[IterationFinished], link: TrainerLink) -> None:
    """Emit bodies at the rate that standard input sets, until it ends."""
    rate, due = 0.0, 0.0
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            wait = max(0.0, due - time.monotonic()) if rate else None
            if selector.select(wait):
                line = sys.stdin.readline()
                if not line:
                    return
                rate, due = float(line), time.monotonic()
            elif rate:
                link.emit(next(bodies))
                due += 1 / rate


def _write_journal(folder: RunFolder, points: int) -> None:
    """Write the recorded frames before the first iteration, and `points` synthetic iterations."""
    recorded = [frame.body for frame in JournalReader(folder.journal).read_new()]
    first = next(index for index, body in enumerate(recorded) if isinstance(body, IterationFinished))
    folder.journal.unlink()
    journal = JournalWriter(folder.journal)
    bodies: list[Body] = [
        replace(body, iterations=10 * points) if isinstance(body, RunStarted) else body for body in recorded[:first]
    ]
    bodies += [PhaseChanged("training"), MetricSet(_METRIC_SET, METRICS)]
    made = iterations(0)
    began = time.time()
    for number in range(len(bodies) + points):
        body = bodies[number] if number < len(bodies) else next(made)
        journal.append(encode(Frame(number, began + number - points, body)))
    journal.close()


if __name__ == "__main__":
    main()
