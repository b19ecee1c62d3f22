"""A queue whose trainings are folders: what a test says becomes of them is written as a trainer would."""

from __future__ import annotations

from tests.whole_checkpoint import WHOLE_CHECKPOINT
from trainer_proc.contract.codec import encode, pack_values
from trainer_proc.contract.journal import JournalWriter
from trainer_proc.contract.messages import Frame, IterationFinished, MetricSet, PhaseChanged, RunStarted
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.experiments.experiment import Experiment
from tui.session.experiments.launchers.base import one_by_one
from tui.session.launching.launcher import LaunchError

STARTED = RunStarted(
    run="run", preset="cartpole", backend="mjlab", task="task", device="cpu", num_envs=4, iterations=10, seed=42, pid=1
)
SPEC = RunSpec(
    preset="cartpole",
    backend="mjlab",
    task="Mjlab-Cartpole-Balance",
    experiment="cartpole",
    device="cpu",
    num_envs=4,
    iterations=10,
    seed=42,
)


class FolderLauncher:
    """Starts trainings that are folders; they are active until `end`, whatever becomes of the queue process."""

    def __init__(self):
        self.running: dict[str, RunFolder] = {}
        self.started: list[RunFolder] = []
        self.refuses = ""

    def start(self, spec, log_root, working_folder):
        if self.refuses:
            raise LaunchError(self.refuses)
        folder = RunFolder(log_root / spec.experiment / f"2026-01-01_00-00-00_{len(self.started):04d}")
        folder.path.mkdir(parents=True)
        folder.write_spec(spec)
        self.started.append(folder)
        self.running[folder.name] = folder
        return folder

    def start_all(self, specs, log_root, working_folder):
        return one_by_one(self, specs, log_root, working_folder)

    def active(self, folders):
        return {folder.path for folder in folders if folder.name in self.running}

    def end(self, name, *bodies, checkpoint=None):
        """End a training that has reported `bodies`."""
        folder = self.running.pop(name)
        write_frames(folder, *bodies)
        if checkpoint is not None:
            folder.checkpoint(checkpoint).write_bytes(WHOLE_CHECKPOINT)


def write_frames(folder, *bodies):
    journal = JournalWriter(folder.journal)
    for number, body in enumerate((STARTED, *bodies)):
        journal.append(encode(Frame(number, 1e9 + number, body)))
    journal.close()


def measured(iteration=9, **values):
    """Return the frames of an iteration with metrics."""
    names = tuple(name.replace("__", "/") for name in values)
    return MetricSet(0, names), IterationFinished(iteration, 0, pack_values([*values.values()]), 0, 0.0)


FINISHED = PhaseChanged("finished")
FAILED = PhaseChanged("failed", "no such file")


def experiment_of(members, **fields):
    return Experiment(
        **{"name": "sweep", "spec": SPEC, "devices": ("cpu",), "seeds": (42,), "members": tuple(members)} | fields
    )
