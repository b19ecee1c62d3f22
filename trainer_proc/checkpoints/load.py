"""Reads checkpoints and loads them into a running training."""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import torch

from curricula.errors import message_of
from trainer_proc.contract.errors import TrainingError
from trainer_proc.metrics.nan_guard import all_finite

LIBRARY_KEY = "library"
"""Key that names the library of a checkpoint; absent for rsl-rl."""

_STATE = "_state_dict"
"""End of the names under which rsl-rl's algorithms, and users' own, save their networks."""

_NETWORKS = ("actor", "critic", "rnd", "student", "teacher")
"""Names that rsl-rl's algorithms know in their `load_cfg`."""
_EPISODE_BUFFERS = ("rewbuffer", "lenbuffer", "erewbuffer", "irewbuffer")
_RUNNING_SUMS = ("cur_reward_sum", "cur_ereward_sum", "cur_ireward_sum")
_MAPS_TO_CPU: ContextVar[bool] = ContextVar("maps_to_cpu", default=False)
_FIRST = -1
"""Priority before torch's own functions, which restore a tensor on the device that it was saved on."""

torch.serialization.register_package(
    _FIRST, lambda storage: None, lambda storage, location: storage if _MAPS_TO_CPU.get() else None
)


@contextmanager
def tensors_on_cpu() -> Iterator[None]:
    """Have every `torch.load` in the block load to the CPU, whatever device wrote the file.

    A runner's own `load` may have no `map_location`. Without it, a file of a GPU can't be read where that GPU is not,
    and every rank gets a copy on the GPU of rank 0. Networks and optimizers copy the values to their own device.
    """
    token = _MAPS_TO_CPU.set(True)
    try:
        yield
    finally:
        _MAPS_TO_CPU.reset(token)


_REFUSED_CODE = re.compile(r"GLOBAL ([\w.]+)")
"""What a refused pickle wants to call, in the message of torch."""


class CheckpointError(TrainingError):
    """A file is no checkpoint or does not fit this training; the message is one line."""


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return a checkpoint's content on the CPU, without running code in it. Raises `CheckpointError`."""
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"no such checkpoint: {path}") from None
    except Exception as error:  # a damaged pickle raises anything, an IndexError for one
        if code := _REFUSED_CODE.search(str(error)):  # torch's own text says how to load it unsafely
            raise CheckpointError(f"{path} can't be loaded safely: it calls {code[1]}") from error
        raise CheckpointError(f"{path} is cut off or can't be loaded safely: {_reason(error)}") from error
    if not isinstance(content, dict) or not any(str(key).endswith(_STATE) or key == LIBRARY_KEY for key in content):
        raise CheckpointError(f"{path} is no rsl-rl checkpoint: it has no actor")
    return content


def _reason(error: Exception) -> str:
    """Return what is wrong with a file, without torch's advice on how to load it unsafely."""
    if "weights_only" in str(error):
        return "expected tensors and plain values only"
    return message_of(error, 200)


def check_library(path: Path, content: Mapping[str, Any], library: str) -> None:
    """Raise `CheckpointError` if the checkpoint was written by another library than `library`, such as `rsl_rl`."""
    saved_by = content.get(LIBRARY_KEY, "rsl_rl")
    if saved_by != library:
        raise CheckpointError(f"{path}: expected a checkpoint of {library}, got one of {saved_by}")


def is_finite(content: Any) -> bool:
    """Return whether all tensors in a checkpoint are finite."""
    if isinstance(content, torch.Tensor):
        return all_finite([content])
    parts = content.values() if isinstance(content, dict) else content if isinstance(content, list | tuple) else ()
    return all(map(is_finite, parts))


def load_into_live(runner: Any, content: dict[str, Any]) -> None:
    """Load weights and optimizer into a runner in the middle of a training.

    The rollout leaves normalizers' buffers as inference tensors, which only inference mode may write: all of them with
    rsl-rl 5.4, those of RND rewards with 5.5. The optimizers' new state must be made outside of inference mode, or
    their next step could not write it. Other libraries' networks are never touched in inference mode.
    """
    if LIBRARY_KEY in content:
        runner.set_state(content)
        return
    with torch.inference_mode():
        runner.alg.load(content, dict.fromkeys(_NETWORKS, True), True)
    runner.alg.load(content, {"optimizer": True}, True)
    if getattr(runner.alg, "rnd", None):
        runner.alg.rnd.optimizer.load_state_dict(content["rnd_optimizer_state_dict"])
    _clear_non_finite_statistics(runner.logger)


def _clear_non_finite_statistics(logger: Any) -> None:
    """Clear NaN from rsl-rl's episode statistics, whose means would be NaN for a hundred episodes."""
    for name in _EPISODE_BUFFERS:
        buffer = getattr(logger, name, deque[float]())
        finite = [value for value in buffer if math.isfinite(value)]
        buffer.clear()
        buffer.extend(finite)
    for name in _RUNNING_SUMS:
        if hasattr(logger, name):
            getattr(logger, name).nan_to_num_(0.0, 0.0, 0.0)
