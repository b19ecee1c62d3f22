"""The interface of a backend, which builds trainings on one simulator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from trainer_proc.contract.errors import TrainingError
from trainer_proc.contract.run_folder import RunFolder, RunSpec


class BackendError(TrainingError):
    """The environment can't be built; the message is one line with a remedy."""


@dataclass(frozen=True)
class Training:
    """A built environment with its rsl-rl `OnPolicyRunner` or `LibraryRunner`, ready to learn."""

    runner: Any
    close: Callable[[], None]


class TrainingLibrary(Protocol):
    """Makes the trainings of one library on Isaac Lab; `agent_cfg` is the library's own configuration."""

    def prepare(self, agent_cfg: Any) -> Any:
        """Return a task's agent configuration in the form that overrides apply to."""

    def configure(self, agent_cfg: Any, spec: RunSpec, folder: RunFolder, device: str, seed: int) -> None:
        """Write the launch options into the agent configuration. Raises `BackendError` if it does not support them."""

    def make_training(self, env: Any, agent_cfg: Any, folder: RunFolder) -> Training:
        """Wrap the environment and make its runner. Raises `BackendError` if their sizes differ."""


LoadLibrary = Callable[[str], TrainingLibrary]
"""Returns the training library of this name. Raises `BackendError` if it is not installed."""


class Backend(Protocol):
    """Builds trainings on one simulator. Importing its module imports the simulator's packages."""

    def check(self, spec: RunSpec) -> RunSpec:
        """Return the run as it will be built, its task in the simulator's spelling; fast, builds nothing.

        Raises `BackendError` if the task or the device does not exist, or the task can't be configured in this way.
        """

    def configurations(self, spec: RunSpec) -> tuple[Any, dict[str, Any]]:
        """Return the configuration of the environment, and the training library's, of a run that `check` returned.

        Raises `BackendError`.
        """

    def report_kernels(self, on_loaded: Callable[[str, int], None]) -> None:
        """Call `on_loaded(detail, count)` for each kernel module that is compiled or loaded."""

    def build(self, spec: RunSpec, folder: RunFolder) -> Training:
        """Build the environment and its runner, and write `params/`. Raises `BackendError`."""

    def picture_spec(self, spec: RunSpec) -> Any | None:
        """Return a `MjSpec` of one environment on flat ground, to render it; None if the simulator has none.

        Raises `BackendError`.
        """
