"""Gives another library's training the interface of rsl-rl's `OnPolicyRunner`, so that it is steered the same way.

`attach`, checkpoints and knobs use only `env`, `alg`, `logger`, `learn`, `save` and `load` of a runner. A
`LibraryRunner` has these and calls its logger when rsl-rl would. Its algorithm has rsl-rl's attribute names
(`LibraryAlgorithm`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any, ClassVar

import torch

from trainer_proc.checkpoints.load import LIBRARY_KEY, check_library, read_checkpoint
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.run_folder import checkpoint_name
from trainer_proc.metrics.observer import Observer


class LibraryEnvironment:
    """The properties of an unwrapped Isaac Lab environment that the trainer uses."""

    def __init__(self, env: Any) -> None:
        self.unwrapped = env
        self.num_envs = int(env.num_envs)
        action = env.single_action_space
        self.num_actions = prod(getattr(action, "shape", None) or (1,))
        spaces = getattr(env.single_observation_space, "spaces", {})
        self.observation_sizes = {
            group: prod(space.shape) for group, space in spaces.items() if getattr(space, "shape", None) is not None
        }
        """Size of each observation group that is a single tensor."""


class LibraryWriter:
    """The library's TensorBoard writer, which also writes its scalars under rsl-rl's names.

    `write(tag, value, step)` is the library's own method. `common_name(tag)` is rsl-rl's name, empty to omit a scalar.
    """

    def __init__(self, write: Callable[[str, Any, int], None], common_name: Callable[[str], str]) -> None:
        self._write = write
        self._common_name = common_name
        self._taken: dict[str, Any] = {}

    def take(self, tag: str, value: Any) -> None:
        """Record a scalar that the library has written."""
        self._taken[tag] = value

    def taken(self, tag: str) -> Any:
        """Return the scalar that the library has written in this iteration, None if it has not."""
        return self._taken.get(tag)

    def pass_on(self, iteration: int) -> None:
        """Write all recorded scalars under their common names, as scalars of `iteration`."""
        for tag, value in self._taken.items():
            if name := self._common_name(tag):
                self.add_scalar(name, value, iteration)
        self._taken.clear()

    def add_scalar(self, tag: str, value: Any, step: int) -> None:
        """Write a scalar unless the library has written it under this name."""
        if tag not in self._taken:
            self._write(tag, value, step)


class LibraryLogger:
    """Stands in for rsl-rl's logger; `attach` wraps its methods on the instance. `folder` is the run's."""

    def __init__(self, folder: Path, writer: LibraryWriter) -> None:
        self.log_dir = str(folder)
        self.writer = writer
        self.tot_timesteps = 0
        """Steps of all environments so far."""

    def init_logging_writer(self) -> None:
        """Handle the beginning of the first iteration; the environment has been reset."""

    def process_env_step(self, rewards: torch.Tensor, dones: torch.Tensor, extras: dict[str, Any]) -> None:
        """Handle a step of all environments; tensors have shape [num_envs]."""

    def log(self, *, it: int, total_it: int) -> None:
        """Handle the end of iteration `it` of `total_it`."""
        self.writer.pass_on(it)


class LibraryRunner(ABC):
    """A library's training; the abstract methods are those that rsl-rl's runner lacks."""

    library: ClassVar[str]

    def __init__(self, env: LibraryEnvironment, algorithm: Any, logger: LibraryLogger, device: str) -> None:
        self.env = env
        self.alg = algorithm
        self.logger = logger
        self.device = device
        self.cfg: dict[str, Any] = {}
        self.observer = Observer()
        """Reports what can't be measured of the library's training."""
        self.current_learning_iteration = 0
        self._total_iterations = 0
        self._is_learning = self._save_is_due = False

    def learn(self, num_learning_iterations: int, init_at_random_ep_len: bool = False) -> None:
        """Train `num_learning_iterations` more iterations, then save a checkpoint.

        `init_at_random_ep_len` is ignored: Isaac Lab's scripts for these libraries have no random first episode length.
        """
        self._total_iterations = self.current_learning_iteration + num_learning_iterations
        try:
            self._train(self._total_iterations)
            self._save_is_due = not self._checkpoint.exists()
            self._save_if_due()
        finally:
            self.close_writer()

    def save(self, path: str, infos: dict[str, Any] | None = None) -> None:
        """Write the library's checkpoint with `infos` and the iteration added. Raises `OSError` or `RuntimeError`."""
        known = {LIBRARY_KEY: self.library, "iter": self.current_learning_iteration, "infos": infos}
        torch.save({**self.state(), **known}, path)

    def load(self, path: str) -> None:
        """Load a checkpoint of `save` before the first iteration. Raises `CheckpointError`."""
        content = read_checkpoint(Path(path))
        check_library(Path(path), content, self.library)
        self.set_state(content)
        self.current_learning_iteration = int(content["iter"])

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Return the library's part of a checkpoint: networks, normalizers, optimizer."""

    @abstractmethod
    def policy_state(self) -> dict[str, dict[str, torch.Tensor]]:
        """Return the parts of `state` that act: networks and normalizers."""

    @abstractmethod
    def set_state(self, content: dict[str, Any]) -> None:
        """Restore what `state` returned, also in the middle of a training."""

    @abstractmethod
    def collect(self) -> dict[str, float]:
        """Return the last update's metrics that the library doesn't write; synchronizes with the device once."""

    @abstractmethod
    def reset_non_finite_environments(self) -> None:
        """Reset all environments if any observation is not finite."""

    @abstractmethod
    def close_writer(self) -> None:
        """Flush and close the TensorBoard file."""

    @abstractmethod
    def _train(self, total_iterations: int) -> None:
        """Run the library's training up to `total_iterations`; call `_begin` first and `_end_iteration` after each."""

    def _record(self, write: Callable[[], None]) -> None:
        """Call the library's own writer, or print; what a full disk refuses is reported."""
        try:
            write()
        except OSError as error:
            self.observer.is_missing("records and lines of the console", one_line(error))

    def _begin(self) -> None:
        self._is_learning = True
        self.logger.init_logging_writer()

    def _end_iteration(self, environment_steps: int) -> None:
        """Publish the iteration just finished and let steering act, which may raise `TrainingStopped`."""
        self.logger.tot_timesteps += environment_steps
        self.logger.log(it=self.current_learning_iteration, total_it=self._total_iterations)
        self._save_if_due()

    def _save_if_due(self) -> None:
        """Save the checkpoint that the library requested, after the changes at the boundary."""
        if self._save_is_due:
            self._save_is_due = False
            self.save(str(self._checkpoint))

    @property
    def _checkpoint(self) -> Path:
        return Path(self.logger.log_dir) / checkpoint_name(self.current_learning_iteration)
