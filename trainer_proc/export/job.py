"""Exports during training: the training thread only copies the weights, a process of its own does the rest."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from curricula.errors import message_of
from trainer_proc.checkpoints.save import copy_policy
from trainer_proc.contract.export_process import ExportError, run_export
from trainer_proc.contract.messages import TrainerBody
from trainer_proc.contract.products import ExportFailed, ExportStarted
from trainer_proc.contract.run_folder import RunFolder, checkpoint_name


class NoExports:
    """Rejects exports, for one `reason` in one line: another library's policy, or one that can't be described."""

    def __init__(self, reason: str, emit: Callable[[TrainerBody], None]) -> None:
        self._reason = reason
        self._emit = emit

    def start(self, runner: Any, iteration: int) -> None:
        """Publish the reason."""
        self._emit(ExportFailed(iteration, self._reason))

    def wait(self) -> None:
        """Return at once."""


class ExportJobs:
    """Runs one export at a time in a process of its own (`python -m trainer_proc.export.write`)."""

    def __init__(self, folder: RunFolder, emit: Callable[[TrainerBody], None]) -> None:
        self._folder = folder
        self._emit = emit
        self._thread: threading.Thread | None = None

    def start(self, runner: Any, iteration: int) -> None:
        """Copy the policy and return; `ExportStarted` has the time that the copy took."""
        began = time.perf_counter()
        snapshot = copy_policy(runner, iteration)
        self._emit(ExportStarted(iteration, (time.perf_counter() - began) * 1000))
        self._thread = threading.Thread(target=self._run, args=(snapshot, iteration), name="export")
        self._thread.start()

    def wait(self) -> None:
        """Wait until no export runs."""
        if self._thread is not None:
            self._thread.join()

    def _run(self, snapshot: dict[str, Any], iteration: int) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="humanoid-tui-export-") as scratch:
                checkpoint = Path(scratch) / checkpoint_name(iteration)
                torch.save(snapshot, checkpoint)
                self._emit(run_export(self._folder, checkpoint, self._folder.console))
        except ExportError as problem:
            self._emit(ExportFailed(iteration, str(problem)))
        except (OSError, RuntimeError) as error:  # torch.save raises the latter on a full disk
            self._emit(ExportFailed(iteration, f"the weights can't be written: {message_of(error)}"))
