"""Checkpoints that are whole or absent, carry the steering state and can be gone back to; copies for an export."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from trainer_proc.contract.errors import TrainingError
from trainer_proc.metrics.nan_guard import has_finite_weights

LIBRARY_KEY = "library"
"""Where a checkpoint of another library than rsl-rl names it."""


class CheckpointError(TrainingError):
    """A file is no checkpoint, or not one for this training; the message is one line."""


class LiveCheckpoints:
    """Saves a running training and takes it back. Wraps `runner.save` on the instance, so that rsl-rl's saves count."""

    def __init__(
        self,
        runner: Any,
        infos: Callable[[], dict[str, Any]],
        on_saved: Callable[[int, Path], None],
        on_failed: Callable[[int, str], None],
    ) -> None:
        """Write beside the target, then rename; `infos()` is kept in every file, `on_saved` hears of each.

        A disk that is full must not end the training: `on_failed` hears the reason, and the next save may do better.
        """
        self._runner = runner
        self._infos = infos
        self._on_saved = on_saved
        self._on_failed = on_failed
        self.loaded = ""
        """Path of the checkpoint that the training continues from."""
        self._original_save = runner.save
        runner.save = self._save_whole

    def save(self, iteration: int) -> None:
        """Save `model_<iteration>.pt`, on the rank that has a writer."""
        if self._runner.logger.writer is not None:
            self._runner.save(str(self._folder / f"model_{iteration}.pt"))

    def reload(self, iteration: int, on_all_ranks: Callable[[bool], bool] = bool) -> str | None:
        """Load `model_<iteration>.pt` into the live policy; return its name.

        The iteration goes on counting. None if there is no such file or it can't be read, on any of the ranks.
        """
        path = self._folder / f"model_{iteration}.pt"
        content = self._read(path, iteration) if path.is_file() else None
        if not on_all_ranks(content is not None) or content is None:
            return None
        try:
            load_into_live(self._runner, content)
        except (RuntimeError, KeyError, ValueError) as error:  # another training's
            self._on_failed(iteration, " ".join(str(error).split()))
            return None
        return path.name

    def _read(self, path: Path, iteration: int) -> dict[str, Any] | None:
        try:
            return read_checkpoint(path)
        except CheckpointError as error:
            self._on_failed(iteration, str(error))
            return None

    @property
    def _folder(self) -> Path:
        return Path(self._runner.logger.log_dir)

    def _save_whole(self, path: str, infos: dict[str, Any] | None = None) -> None:
        target = Path(path)
        temporary = target.with_name(f".{target.name}")
        iteration = self._runner.current_learning_iteration
        # a resumed run or an export starts from the newest checkpoint: it must be finite
        if not has_finite_weights(self._runner.alg):
            self._on_failed(iteration, f"{target.name} is not saved: the policy is not finite")
            return
        try:
            self._original_save(str(temporary), {**(infos or {}), **self._infos()})
            temporary.replace(target)
        except (OSError, RuntimeError) as error:  # torch reports a full disk as RuntimeError
            self._on_failed(iteration, f"{target.name} can't be saved: {' '.join(str(error).split())}")
        else:
            self._on_saved(iteration, target)
        finally:
            temporary.unlink(missing_ok=True)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return a checkpoint's content on the CPU; no code in it is run. Raises `CheckpointError`."""
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"there is no checkpoint {path}") from None
    except Exception as error:  # a damaged pickle fails in any way, with an IndexError say
        reason = " ".join(str(error).split())[:200]
        raise CheckpointError(f"{path} is cut off or no checkpoint that can be loaded safely: {reason}") from error
    if not isinstance(content, dict) or not {"actor_state_dict", "model_state_dict", LIBRARY_KEY} & set(content):
        raise CheckpointError(f"{path} is no rsl-rl checkpoint: it has no actor")
    return content


def check_library(path: Path, content: dict[str, Any], library: str) -> None:
    """Raise `CheckpointError` if another library than `library`, rsl_rl say, has written the checkpoint."""
    trained = content.get(LIBRARY_KEY, "rsl_rl")
    if trained != library:
        raise CheckpointError(f"{path} is of {trained}, and this training is of {library}")


def load_into_live(runner: Any, content: dict[str, Any]) -> None:
    """Load weights and optimizer into a runner in mid-training.

    The rollout leaves normalizers' buffers as inference tensors, which only inference mode may write (with rsl-rl 5.4,
    which updates them there; 5.5 does so in the update, but for those of RND's rewards); the
    optimizers' new state must be made outside of it, or their next step could not write that. The other libraries'
    networks are never touched in inference mode.
    """
    if LIBRARY_KEY in content:
        runner.set_state(content)
        return
    with torch.inference_mode():
        runner.alg.load(content, {"actor": True, "critic": True, "rnd": True}, True)
    runner.alg.load(content, {"optimizer": True}, True)
    if getattr(runner.alg, "rnd", None):
        runner.alg.rnd.optimizer.load_state_dict(content["rnd_optimizer_state_dict"])
    _forget_what_is_not_finite(runner.logger)


def _forget_what_is_not_finite(logger: Any) -> None:
    """Clear rsl-rl's running sums of NaN, which would be in its means for a hundred episodes."""
    for name in ("rewbuffer", "lenbuffer", "erewbuffer", "irewbuffer"):
        buffer = getattr(logger, name, deque[float]())
        finite = [value for value in buffer if value - value == 0]
        buffer.clear()
        buffer.extend(finite)
    for name in ("cur_reward_sum", "cur_ereward_sum", "cur_ireward_sum"):
        if hasattr(logger, name):
            getattr(logger, name).nan_to_num_(0.0, 0.0, 0.0)


def copy_policy(runner: Any, iteration: int) -> dict[str, Any]:
    """Return a checkpoint that holds only the actor, its tensors copied to the CPU so that training may go on."""
    actor = runner.alg.get_policy().state_dict()
    return {"actor_state_dict": {name: _copied(value) for name, value in actor.items()}, "iter": iteration}


def _copied(value: torch.Tensor) -> torch.Tensor:
    return value.detach().to("cpu", copy=True)
