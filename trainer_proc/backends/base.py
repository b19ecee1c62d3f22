"""What the trainer needs from a simulator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from trainer_proc.problems import TrainingProblem
from trainer_proc.wire.run_folder import RunFolder, RunSpec


class BackendError(TrainingProblem):
    """The environment can't be built; the message is one line that says what to do."""


@dataclass(frozen=True)
class Training:
    """A built environment with its rsl-rl `OnPolicyRunner`, or a `LibraryRunner` in its place, ready to learn."""

    runner: Any
    close: Callable[[], None]


class Backend(Protocol):
    """Builds trainings on one simulator. Importing its module imports the simulator's libraries."""

    def check(self, spec: RunSpec) -> RunSpec:
        """Return the run as it will be built, its task in the simulator's own spelling; quick, builds nothing.

        Raises `BackendError` if the task or the device isn't there.
        """

    def report_kernels(self, on_loaded: Callable[[str, int], None]) -> None:
        """Call `on_loaded(detail, count)` for each kernel module that is compiled or loaded from now on."""

    def build(self, spec: RunSpec, folder: RunFolder) -> Training:
        """Build the environment and its runner; writes `params/`. Raises `BackendError`."""


def check_device(device: str) -> None:
    """Raise `BackendError` if `device`, `cpu` or `cuda:N`, isn't there."""
    kind, _, index = device.partition(":")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise BackendError(f"there is no device {device}: torch sees {torch.cuda.device_count()} CUDA devices")
