"""Another library's training in the shape of rsl-rl's `OnPolicyRunner`, so that what steers that steers this too.

`attach`, checkpoints and knobs need little of a runner: `env`, `alg`, `logger`, `learn`, `save` and `load`. A
`LibraryRunner` has these, calls its logger at the moments at which rsl-rl calls its own, and holds for the algorithm
what rsl-rl's words mean in the library (`Renamed`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any, ClassVar

import torch

from trainer_proc.checkpoints.load import LIBRARY_KEY, check_library, read_checkpoint


class Renamed:
    """An attribute of `algorithm.settings`, where the library keeps it, under rsl-rl's name; None if it isn't there."""

    def __init__(self, name: str) -> None:
        """Take the library's own name."""
        self._name = name

    def __get__(self, algorithm: Any, owner: type | None = None) -> Any:
        """Read it."""
        return getattr(algorithm.settings, self._name, None)

    def __set__(self, algorithm: Any, value: Any) -> None:
        """Write it."""
        setattr(algorithm.settings, self._name, value)


class LibraryEnvironment:
    """What the trainer wants to know of an environment that a library has wrapped in its own way."""

    def __init__(self, env: Any) -> None:
        """Take the bare Isaac Lab environment."""
        self.unwrapped = env
        self.num_envs = int(env.num_envs)
        action = env.single_action_space
        self.num_actions = prod(getattr(action, "shape", None) or (1,))
        spaces = getattr(env.single_observation_space, "spaces", {})
        self.observation_sizes = {
            group: prod(space.shape) for group, space in spaces.items() if getattr(space, "shape", None) is not None
        }
        """Size of each observation group that is one tensor."""


class LibraryWriter:
    """The library's TensorBoard writer: takes what it writes, and writes under rsl-rl's names too."""

    def __init__(self, write: Callable[[str, Any, int], None], common_name: Callable[[str], str]) -> None:
        """`write(tag, value, step)` is the library's own; `common_name` returns empty for what is left out."""
        self._write = write
        self._common_name = common_name
        self._taken: dict[str, Any] = {}

    def take(self, tag: str, value: Any) -> None:
        """Hear of a scalar that the library has written itself."""
        self._taken[tag] = value

    def taken(self, tag: str) -> Any:
        """Return what the library has written of an iteration since its begin, None if nothing."""
        return self._taken.get(tag)

    def pass_on(self, iteration: int) -> None:
        """Write all that was taken once more, as scalars of `iteration`."""
        for tag, value in self._taken.items():
            if name := self._common_name(tag):
                self.add_scalar(name, value, iteration)
        self._taken.clear()

    def add_scalar(self, tag: str, value: Any, step: int) -> None:
        """Write a scalar, unless the library has written it under this name."""
        if tag not in self._taken:
            self._write(tag, value, step)


class LibraryLogger:
    """Its methods are called when those of rsl-rl's logger are; `attach` wraps them on the instance."""

    def __init__(self, folder: Path, writer: LibraryWriter) -> None:
        """`folder` is the run's."""
        self.log_dir = str(folder)
        self.writer = writer
        self.tot_timesteps = 0
        """Environment steps so far, of all environments."""

    def init_logging_writer(self) -> None:
        """Hear that the first iteration begins; the environment has been reset."""

    def process_env_step(self, rewards: torch.Tensor, dones: torch.Tensor, extras: dict[str, Any]) -> None:
        """Hear of a step of all environments; tensors of shape [num_envs]."""

    def log(self, *, it: int, total_it: int) -> None:
        """Hear that iteration `it` of `total_it` has ended."""
        self.writer.pass_on(it)


class LibraryRunner(ABC):
    """A library's training; what it has beside rsl-rl's runner are the abstract methods that rsl-rl doesn't know."""

    library: ClassVar[str]

    def __init__(self, env: LibraryEnvironment, algorithm: Any, logger: LibraryLogger, device: str) -> None:
        """Take the parts in rsl-rl's shape."""
        self.env = env
        self.alg = algorithm
        self.logger = logger
        self.device = device
        self.cfg: dict[str, Any] = {}
        self.current_learning_iteration = 0
        self._total_iterations = 0
        self._is_learning = self._save_is_due = False

    def learn(self, num_learning_iterations: int, init_at_random_ep_len: bool = False) -> None:
        """Train as many iterations more, and save a checkpoint at the end.

        Episodes begin as the library lets them: Isaac Lab's own scripts draw no random first lengths for these.
        """
        self._total_iterations = self.current_learning_iteration + num_learning_iterations
        try:
            self._train(self._total_iterations)
            self._save_is_due = not self._checkpoint.exists()
            self._save_if_due()
        finally:
            self.close_writer()

    def save(self, path: str, infos: dict[str, Any] | None = None) -> None:
        """Write the library's own checkpoint with `infos` and the iteration in it. Raises `OSError`, `RuntimeError`."""
        known = {LIBRARY_KEY: self.library, "iter": self.current_learning_iteration, "infos": infos}
        torch.save({**self.state(), **known}, path)

    def load(self, path: str) -> None:
        """Go on, before the first iteration, from a checkpoint that `save` wrote. Raises `CheckpointError`."""
        content = read_checkpoint(Path(path))
        check_library(Path(path), content, self.library)
        self.set_state(content)
        self.current_learning_iteration = int(content["iter"])

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Return what the library keeps in a checkpoint: networks, normalizers, optimizer."""

    @abstractmethod
    def set_state(self, content: dict[str, Any]) -> None:
        """Take back what `state` returned, also in mid-training."""

    @abstractmethod
    def collect(self) -> dict[str, float]:
        """Return the last update's metrics that the library doesn't write; waits for the device once."""

    @abstractmethod
    def reset_non_finite_environments(self) -> None:
        """Reset all environments if what they have observed is not finite."""

    @abstractmethod
    def close_writer(self) -> None:
        """Write the rest of the TensorBoard file."""

    @abstractmethod
    def _train(self, total_iterations: int) -> None:
        """Have the library train up to `total_iterations`; calls `_begin` and, after each, `_end_iteration`."""

    def _begin(self) -> None:
        self._is_learning = True
        self.logger.init_logging_writer()

    def _end_iteration(self, environment_steps: int) -> None:
        """Publish the iteration just finished and let steering act; raises what that raises."""
        self.logger.tot_timesteps += environment_steps
        self.logger.log(it=self.current_learning_iteration, total_it=self._total_iterations)
        self._save_if_due()

    def _save_if_due(self) -> None:
        """Save where the library has wanted to, once that can hold what the boundary changed."""
        if self._save_is_due:
            self._save_is_due = False
            self.save(str(self._checkpoint))

    @property
    def _checkpoint(self) -> Path:
        return Path(self.logger.log_dir) / f"model_{self.current_learning_iteration}.pt"
