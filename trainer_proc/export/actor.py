"""What the export of any library's actor begins with: packages, weights of a checkpoint, sizes of observations."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

from trainer_proc.contract.bundle.description import PolicyDescription
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.export_process import ExportError
from trainer_proc.contract.install import install_command

NEEDED_PACKAGES = ("onnx", "onnxruntime", "onnxscript", "torch")
_OF_LIBRARIES = {"rsl_rl": ("tensordict", "rsl_rl"), "rl_games": ("rl_games",), "skrl": ("skrl",)}


def require_packages(backend: str, library: str) -> None:
    """Import what an export needs. Raises `ExportError` with the first missing package and how to install it.

    `backend` trained the policy by `library`; Isaac Lab may run in an environment that this program did not install.
    """
    install = f"install it for {sys.executable}" if backend == "isaaclab" else install_command("mjlab", "export")
    for package in (*NEEDED_PACKAGES, *_OF_LIBRARIES.get(library, ())):
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise ExportError(f"export needs package {package} ({one_line(error)}): {install}") from error


def read_actor(checkpoint: Path, library: str = "rsl_rl") -> tuple[int, dict[str, Any]]:
    """Return the checkpoint's iteration and its actor's weights, without running code in the file.

    The weights are rsl-rl's actor, or the whole content of another library's checkpoint. If the file holds no
    iteration, that in its name counts; -1 without either. Raises `ExportError`.
    """
    # torch, which may be missing
    from trainer_proc.checkpoints.load import CheckpointError, check_library, read_checkpoint

    try:
        content = read_checkpoint(checkpoint)
        check_library(checkpoint, content, library)
    except CheckpointError as error:
        raise ExportError(f"{error}; choose another checkpoint") from error
    is_own = library == "rsl_rl"
    weights = content.get("actor_state_dict", content.get("student_state_dict")) if is_own else content
    if not isinstance(weights, dict):
        raise ExportError(f"{checkpoint} holds no actor_state_dict: choose a checkpoint that rsl-rl 5 saved")
    iteration = content.get("iter")
    if not isinstance(iteration, int):
        named = re.fullmatch(r"model_(\d+)", checkpoint.stem)
        iteration = int(named.group(1)) if named else -1
    return iteration, weights


def read_infos(checkpoint: Path) -> dict[str, Any]:
    """Return the `infos` of a checkpoint that `read_actor` has read; empty if it has none. Raises `ExportError`."""
    from trainer_proc.checkpoints.load import CheckpointError, read_checkpoint

    try:
        infos = read_checkpoint(checkpoint).get("infos")
    except CheckpointError as error:
        raise ExportError(f"{error}; choose another checkpoint") from error
    return infos if isinstance(infos, dict) else {}


def actor_group_sizes(description: PolicyDescription) -> dict[str, int]:
    """Return the sizes of the actor's observation groups that are vectors, in the order of concatenation.

    Raises `ExportError` for a group that is neither a vector nor an image.
    """
    groups = description.observation_groups["actor"]
    unknown = [group for group in groups if group not in description.observation_sizes | description.image_shapes]
    if unknown:
        raise ExportError(
            f"expected vectors and images [channels, height, width], got neither: {', '.join(unknown)}; "
            "resume the run to describe its observations again"
        )
    return {group: description.observation_sizes[group] for group in groups if group in description.observation_sizes}


def actor_images(description: PolicyDescription) -> dict[str, list[int]]:
    """Return the shapes of the actor's images, in the order of its inputs."""
    shapes = description.image_shapes
    return {group: shapes[group] for group in description.observation_groups["actor"] if group in shapes}
