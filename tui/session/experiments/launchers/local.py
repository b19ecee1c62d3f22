"""Trainings on this machine, each in a session of its own."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from curricula.errors import UserError
from trainer_proc.contract.connection import is_live
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.experiments.launchers.base import one_by_one
from tui.session.launching.launcher import start_trainer
from tui.session.runs.delete import runs_in_use

_START_SECONDS = 5.0


class LocalLauncher:
    """A `Launcher` of this machine. A training that has no connection and no lock yet is found by its process."""

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[bytes]] = []

    def start(self, spec: RunSpec, log_root: Path, working_folder: Path) -> RunFolder:
        folder, trainer = start_trainer(spec, log_root, working_folder)
        self._children.append(trainer)
        return folder

    def start_all(
        self, specs: Sequence[RunSpec], log_root: Path, working_folder: Path
    ) -> Sequence[RunFolder | UserError]:
        return one_by_one(self, specs, log_root, working_folder)

    def active(self, folders: Iterable[RunFolder]) -> set[Path]:
        self._children = [child for child in self._children if child.poll() is None]  # else they stay as zombies
        in_use = {folder.path for folder in runs_in_use()}
        return {f.path for f in folders if f.path in in_use or is_live(f) or _is_being_started(f)}


def _is_being_started(folder: RunFolder) -> bool:
    """Return whether a process may be about to start the trainer of a folder that it has just made."""
    try:
        return not folder.journal.exists() and time.time() - folder.spec_file.stat().st_mtime < _START_SECONDS
    except OSError:
        return False
