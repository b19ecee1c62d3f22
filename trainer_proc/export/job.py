"""Exports during training: the training thread only copies the weights, a process of its own does the rest."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from curricula.errors import message_of
from trainer_proc.checkpoints.load import LIBRARY_KEY
from trainer_proc.contract.export_process import ExportError, run_export
from trainer_proc.contract.messages import TrainerBody
from trainer_proc.contract.products import ExportFailed, ExportStarted
from trainer_proc.contract.run_folder import RunFolder, checkpoint_name
from trainer_proc.export.commands import command_infos
from trainer_proc.rl_libraries.runner import LibraryRunner


class NoExports:
    """Rejects exports, for one `reason` in one line: a policy that can't be described."""

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
        snapshot = copy_policy(runner, iteration) | {"infos": command_infos(runner.env)}
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


def copy_policy(runner: Any, iteration: int) -> dict[str, Any]:
    """Return a checkpoint of the policy only, with tensors copied to the CPU so that training can continue."""
    if isinstance(runner, LibraryRunner):
        parts = {name: _copied(state) for name, state in runner.policy_state().items()}
        return {**parts, LIBRARY_KEY: runner.library, "iter": iteration}
    return {"actor_state_dict": _copied(runner.alg.get_policy().state_dict()), "iter": iteration}


def _copied(state: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.detach().to("cpu", copy=True) for name, value in state.items()}
