"""The engines: the list of jobs of each, and what starts its trainings."""

from __future__ import annotations

from dataclasses import dataclass

from tui.session.engines.job import JobQueue
from tui.session.engines.ray import Ray
from tui.session.engines.slurm import Slurm

_LAUNCHERS = "tui.session.experiments.launchers"


@dataclass(frozen=True)
class Engine:
    """An engine."""

    queue: JobQueue
    launcher: str
    """Its `Launcher`, as `MODULE:CLASS`: a room above this one, imported only where trainings start."""


REGISTERED = {
    "slurm": Engine(Slurm(), f"{_LAUNCHERS}.slurm:SlurmLauncher"),
    "ray": Engine(Ray(), f"{_LAUNCHERS}.ray:RayLauncher"),
}
"""By the names that settings and runs use."""
