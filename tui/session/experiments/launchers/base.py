"""What the queue needs of a place that runs trainings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from curricula.errors import UserError
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.engines.job import EngineSilent


class Launcher(Protocol):
    """A place that runs trainings.

    Its trainings outlive the queue process: another one finds them again by `active`, from their folders alone.
    """

    def start(self, spec: RunSpec, log_root: Path, working_folder: Path) -> RunFolder:
        """Create the run's folder below `log_root` and start its training. Raises `UserError`."""
        ...

    def start_all(
        self, specs: Sequence[RunSpec], log_root: Path, working_folder: Path
    ) -> Sequence[RunFolder | UserError]:
        """Start runs of one experiment, whose resources are the same; return the folder of each, or why it has none.

        If the engine falls silent, the last ones are missing. Raises `EngineSilent` if none has started for that.
        """
        ...

    def active(self, folders: Iterable[RunFolder]) -> set[Path]:
        """Return the paths of those runs that wait, train or still write. Raises `UserError` or `OSError`."""
        ...


def one_by_one(
    launcher: Launcher, specs: Sequence[RunSpec], log_root: Path, working_folder: Path
) -> list[RunFolder | UserError]:
    """Start runs as `Launcher.start_all` does, for engines that start single ones only.

    Stops at an engine that does not answer; the others start later.
    """
    started: list[RunFolder | UserError] = []
    for spec in specs:
        try:
            started.append(launcher.start(spec, log_root, working_folder))
        except EngineSilent:
            if not started:
                raise
            break
        except UserError as error:
            started.append(error)
    return started
