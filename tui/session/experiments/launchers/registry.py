"""Launchers by engine, and one that starts each training by the launcher that its spec names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from curricula.errors import UserError
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.engines.resources import LOCAL, engine_of
from tui.session.experiments.launchers.base import Launcher
from tui.session.experiments.launchers.local import LocalLauncher
from tui.session.experiments.launchers.ray import RayLauncher
from tui.session.experiments.launchers.slurm import SlurmLauncher

LAUNCHERS: dict[str, Callable[[], Launcher]] = {LOCAL: LocalLauncher, "slurm": SlurmLauncher, "ray": RayLauncher}


class EveryLauncher:
    """A `Launcher` of all engines."""

    def __init__(self) -> None:
        self._launchers = {name: make() for name, make in LAUNCHERS.items()}

    def start(self, spec: RunSpec, log_root: Path, working_folder: Path) -> RunFolder:
        return self._launchers[engine_of(spec.engine)].start(spec, log_root, working_folder)

    def start_all(
        self, specs: Sequence[RunSpec], log_root: Path, working_folder: Path
    ) -> Sequence[RunFolder | UserError]:
        return self._launchers[engine_of(specs[0].engine)].start_all(specs, log_root, working_folder)

    def active(self, folders: Iterable[RunFolder]) -> set[Path]:
        asked = list(folders)
        return set().union(*(launcher.active(asked) for launcher in self._launchers.values()))


def launch(spec: RunSpec, log_root: Path) -> RunFolder:
    """Create the run's folder and start its training, which works in the working folder. Raises `UserError`."""
    return EveryLauncher().start(spec, log_root, Path.cwd())
