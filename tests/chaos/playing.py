"""A training without a simulator: `python -m tests.chaos.playing RUN_DIR` reports iterations as fast as it can."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from trainer_proc.contract.codec import pack_values
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import (
    InterventionApplied,
    InterventionQueued,
    IterationFinished,
    KnobsAvailable,
    MetricSet,
    PhaseChanged,
    RunStarted,
)
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.wire.link import TrainerLink

KNOBS = tuple(f"reward/term_{number}/weight" for number in range(10))
METRICS = ("Train/mean_reward", *(f"Loss/{number}" for number in range(20)))
STARTED = RunStarted("run", "cartpole", "mjlab", "task", "cpu", 4, 10**9, 42, 1)


def make_folder(path: Path) -> RunFolder:
    """Make the folder of a run that has not begun."""
    folder = RunFolder(path)
    folder.path.mkdir(parents=True)
    folder.write_spec(
        RunSpec(
            preset="cartpole",
            backend="mjlab",
            task="task",
            experiment=folder.path.parent.name,
            device="cpu",
            num_envs=4,
            iterations=10**9,
            seed=42,
        )
    )
    return folder


class Playing:
    """Iterates in a thread, once in `pause` seconds, and applies the changes that arrive."""

    def __init__(self, folder: RunFolder, pause: float) -> None:
        self.iterations = 0
        """Number of iterations reported so far."""
        self._pause = pause
        self._link = TrainerLink(folder)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait until another thread closes it."""
        self._thread.join()

    def close(self) -> None:
        """Finish the training."""
        self._ending.set()
        self._thread.join()
        self._link.emit(PhaseChanged("finished"))
        self._link.close()

    def _run(self) -> None:
        link = self._link
        link.emit(STARTED)
        link.emit(KnobsAvailable(0, tuple(Knob(name, "reward", 1.0, 1.0, "next iteration") for name in KNOBS)))
        link.emit(PhaseChanged("training"))
        link.emit(MetricSet(0, METRICS))
        due = time.monotonic()
        while not self._ending.is_set():
            for order in link.receive():
                if isinstance(order, InterventionQueued):
                    link.emit(_applied(order, self.iterations))
            values = pack_values([float(self.iterations)] * len(METRICS))
            link.emit(IterationFinished(self.iterations, 0, values, self.iterations, 1.0))
            self.iterations += 1
            due += self._pause
            if (left := due - time.monotonic()) > 0.0:
                time.sleep(left)


def _applied(queued: InterventionQueued, iteration: int) -> InterventionApplied:
    return InterventionApplied(queued.number, queued.origin, iteration, queued.revision, queued.changes)


def main() -> None:
    """Train until killed."""
    Playing(RunFolder(Path(sys.argv[1])), pause=0.0).wait()


if __name__ == "__main__":
    main()
