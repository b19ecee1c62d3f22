"""Rebuilds an actor from its description and a checkpoint.

Actors are typed `Any`: rsl-rl has no types, and torch's lack `as_onnx` and `as_jit`.
"""

from __future__ import annotations

import copy
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainer_proc.contract.bundle.description import PolicyDescription
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.export_process import ExportError
from trainer_proc.contract.install import install_command

NEEDED_PACKAGES = ("onnx", "onnxruntime", "onnxscript", "torch", "tensordict", "rsl_rl")


def require_packages(backend: str) -> None:
    """Import what an export needs. Raises `ExportError` with the first missing package and how to install it.

    `backend` trained the policy; Isaac Lab may run in an environment that this program did not install.
    """
    install = f"install it for {sys.executable}" if backend == "isaaclab" else install_command("mjlab", "export")
    for package in NEEDED_PACKAGES:
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise ExportError(f"export needs package {package} ({one_line(error)}): {install}") from error


def read_actor(checkpoint: Path) -> tuple[int, dict[str, Any]]:
    """Return the checkpoint's iteration and its actor's weights, without running code in the file.

    If the file holds no iteration, that in its name counts; -1 without either. Raises `ExportError`.
    """
    from trainer_proc.checkpoints.load import CheckpointError, read_checkpoint  # torch, which may be missing

    try:
        content = read_checkpoint(checkpoint)
    except CheckpointError as error:
        raise ExportError(f"{error}; choose another checkpoint") from error
    weights = content.get("actor_state_dict", content.get("student_state_dict"))
    if not isinstance(weights, dict):
        raise ExportError(f"{checkpoint} holds no actor_state_dict: choose a checkpoint that rsl-rl 5 saved")
    iteration = content.get("iter")
    if not isinstance(iteration, int):
        named = re.fullmatch(r"model_(\d+)", checkpoint.stem)
        iteration = int(named.group(1)) if named else -1
    return iteration, weights


def build_actor(description: PolicyDescription, weights: dict[str, Any], checkpoint: Path) -> Any:
    """Return the actor with `weights`, built as in rsl-rl's `PPO.construct_algorithm`, on the CPU in eval mode.

    `checkpoint` appears in messages only. Raises `ExportError` if it can't be built or the weights don't fit.
    """
    import torch
    from rsl_rl.utils import resolve_callable
    from tensordict import TensorDict

    size = sum(actor_group_sizes(description).values())
    try:
        # rsl-rl's constructors remove entries from the configuration that they get
        arguments = copy.deepcopy(description.actor)
        for name in _class_names(arguments):
            named = resolve_callable(name)
            if not (isinstance(named, type) and issubclass(named, torch.nn.Module)):  # rsl-rl calls whatever it is
                raise TypeError(f"{named} is no torch module")
        actor_class = resolve_callable(arguments.pop("class_name"))
        zeros = {name: torch.zeros(1, size) for name, size in description.observation_sizes.items()}
        zeros |= {name: torch.zeros(1, *shape) for name, shape in description.image_shapes.items()}
        observation = TensorDict(zeros, batch_size=[1])
        groups = copy.deepcopy(description.observation_groups)
        actor = actor_class(observation, groups, "actor", description.num_actions, **arguments)
    except Exception as error:  # class and arguments come from a file
        raise ExportError(
            f"params/policy.json describes an actor that can't be built ({one_line(error)}): "
            "export with the packages that trained it"
        ) from error
    described = sum(term.size for term in description.observation_terms)
    if description.observation_terms and described != size:
        raise ExportError(
            f"params/policy.json is inconsistent: its terms have {described} numbers, the actor reads {size}"
        )
    try:
        actor.load_state_dict(weights, strict=True)
    except Exception as error:  # weights that are no tensors raise anything
        raise ExportError(
            f"{checkpoint} doesn't fit params/policy.json: choose a checkpoint of this run ({one_line(error)})"
        ) from error
    return actor.eval()


def _class_names(arguments: Any) -> Iterator[str]:
    """Yield the names of the classes in an actor's arguments."""
    for key, value in arguments.items() if isinstance(arguments, dict) else enumerate(arguments):
        if key == "class_name":
            yield value
        elif isinstance(value, dict | list):
            yield from _class_names(value)


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
