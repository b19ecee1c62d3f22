"""A launcher that starts each training by that of the engine that its spec names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from pkgutil import resolve_name

from curricula.errors import UserError
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.engines.registry import REGISTERED
from tui.session.engines.resources import LOCAL, engine_of
from tui.session.experiments.launchers.base import Launcher
from tui.session.experiments.launchers.local import LocalLauncher


class EveryLauncher:
    """A `Launcher` of all engines."""

    def __init__(self) -> None:
        self._launchers: dict[str, Launcher] = {LOCAL: LocalLauncher()}
        for name, engine in REGISTERED.items():
            self._launchers[name] = resolve_name(engine.launcher)()

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
