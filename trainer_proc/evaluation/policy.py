"""Policies that act by their mean: a checkpoint of rsl-rl in the run's own networks, or an exported ONNX file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy
import torch

from curricula.errors import message_of
from curricula.regular_files import read_file
from trainer_proc.checkpoints.fit import size_difference
from trainer_proc.checkpoints.load import CheckpointError, is_finite, read_checkpoint, tensors_on_cpu
from trainer_proc.contract.evaluation import EvaluationError
from trainer_proc.contract.json_content import decode_json
from trainer_proc.contract.run_folder import LARGEST_DESCRIPTION, RunFolder, iteration_of
from trainer_proc.export.check import open_session

ONNX = ".onnx"
_ACTORS = {"actor": True, "student": True}
"""What rsl-rl's algorithms load: PPO its actor, a distillation its student."""


class Policy(Protocol):
    """A deterministic policy; recurrent ones keep a state for each environment."""

    def act(self, observations: Any) -> torch.Tensor:
        """Return actions [num_envs, num_actions] for a `TensorDict` of observation groups."""

    def reset(self, dones: torch.Tensor | None = None) -> None:
        """Clear the state of environments whose episode has ended, bool [num_envs]; of all for None."""


def is_exported(path: Path) -> bool:
    """Return whether a policy's file is an exported ONNX file rather than a checkpoint."""
    return path.suffix == ONNX


def read_policy_file(path: Path) -> dict[str, Any]:
    """Return the content of a checkpoint; of an exported file, its `iter` as far as it is known.

    Raises `CheckpointError` for a file that can't be read, or whose policy is not finite.
    """
    if is_exported(path):
        if not path.is_file():
            raise CheckpointError(f"no such policy: {path}")
        return {"iter": _exported_iteration(path)}
    content = read_checkpoint(path)
    actor = content.get("actor_state_dict", content.get("student_state_dict", content.get("model_state_dict")))
    if not is_finite(actor):
        raise CheckpointError(f"{path}: expected a finite policy, got NaN or infinity: choose an older checkpoint")
    return content


def iteration_in(path: Path, content: dict[str, Any]) -> int | None:
    """Return the iteration of a policy from the file's content, else from its name; None if neither has one."""
    iteration = content.get("iter")
    return iteration if isinstance(iteration, int) else iteration_of(path)


def load_policy(runner: Any, path: Path, content: dict[str, Any]) -> Policy:
    """Return the policy in `path`, whose `content` was read before, for the environment of `runner`.

    Raises `CheckpointError` or `EvaluationError` if it does not fit the environment.
    """
    return _Exported(runner, path) if is_exported(path) else _Actor(runner, path, content)


class _Actor:
    """The actor of the runner, with its normalizer."""

    def __init__(self, runner: Any, path: Path, content: dict[str, Any]) -> None:
        try:
            with tensors_on_cpu():
                runner.load(str(path), load_cfg=_ACTORS)
        except (RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
            reason = _sizes(runner, content) or message_of(error, 200)
            raise CheckpointError(f"{path} doesn't fit this task: {reason}") from error
        self._actor = runner.get_inference_policy(device=runner.device)
        self._device = runner.device

    def act(self, observations: Any) -> torch.Tensor:
        actions: torch.Tensor = self._actor(observations.to(self._device))
        return actions

    def reset(self, dones: torch.Tensor | None = None) -> None:
        self._actor.reset(dones)


def _sizes(runner: Any, content: dict[str, Any]) -> str:
    """Return how the sizes of the saved actor differ from the runner's; empty if they don't, or it is not known."""
    actor = getattr(runner.alg, "actor", None)
    live = actor.state_dict() if isinstance(actor, torch.nn.Module) else {}
    return size_difference(content.get("actor_state_dict") or {}, live)


# --- Exported policies --------------------------------------------------------------------------------------

_DTYPES = {"tensor(float)": numpy.float32, "tensor(int64)": numpy.int64, "tensor(int32)": numpy.int32}


class _Exported:
    """An exported `policy.onnx`, called once an environment and step, as on a robot: its batch size is 1."""

    def __init__(self, runner: Any, path: Path) -> None:
        self._session = open_session(path)
        self._device = runner.device
        inputs = self._session.get_inputs()
        observations = runner.env.get_observations()
        groups = runner.cfg["obs_groups"]["actor"]
        self._vectors = [group for group in groups if observations[group].dim() == 2]
        self._images = [group for group in groups if observations[group].dim() > 2]
        size = sum(int(observations[group].shape[-1]) for group in self._vectors)
        self._check(path, "observations", list(inputs[0].shape), size)
        self._check(path, "actions", list(self._session.get_outputs()[0].shape), int(runner.env.num_actions))
        self._obs = inputs[0].name
        self._zeros = {node.name: numpy.zeros(node.shape, _DTYPES[node.type]) for node in inputs[1:]}
        # a recurrent policy returns its states, after the actions, in the order of its inputs
        self._states = [name for name in self._zeros if re.fullmatch(r"[hc]_in", name)]
        self._outputs = [node.name for node in self._session.get_outputs()][: 1 + len(self._states)]
        self._envs = [dict(self._zeros) for _ in range(int(runner.env.num_envs))]

    def act(self, observations: Any) -> torch.Tensor:
        rows = torch.cat([observations[group] for group in self._vectors], dim=-1).cpu().numpy()
        images = {group: observations[group].cpu().numpy() for group in self._images}
        actions = []
        for number, inputs in enumerate(self._envs):
            one = slice(number, number + 1)
            inputs |= {self._obs: rows[one], **{name: image[one] for name, image in images.items()}}
            action, *states = self._session.run(self._outputs, inputs)
            inputs |= dict(zip(self._states, states, strict=True))
            actions.append(action)
        return torch.from_numpy(numpy.concatenate(actions)).to(self._device)

    def reset(self, dones: torch.Tensor | None = None) -> None:
        ended = range(len(self._envs)) if dones is None else dones.nonzero().flatten().tolist() if self._states else ()
        for number in ended:
            self._envs[number] = dict(self._zeros)

    def _check(self, path: Path, what: str, shape: list[Any], size: int) -> None:
        if shape[-1:] != [size]:
            got = shape[-1] if shape else "none"
            raise EvaluationError(f"{path} doesn't fit this task: expected {size} {what}, got {got}")


class _Card(msgspec.Struct):
    """The part of an exported `policy.json` that an evaluation reads."""

    iteration: int = -1


def _exported_iteration(path: Path) -> int | None:
    """Return the iteration in the `policy.json` beside an exported policy; None if it has none."""
    try:
        iteration = decode_json(read_file(path.parent / "policy.json", LARGEST_DESCRIPTION), _Card).iteration
    except (OSError, msgspec.DecodeError):
        return None
    return iteration if iteration >= 0 else None


def conditions_of_exported(folder: RunFolder, iteration: int | None) -> Path | None:
    """Return the newest checkpoint of a run up to `iteration`, whose knob values an export had; None without one."""
    numbered = [(iteration_of(path) or 0, path) for path in folder.checkpoints()]
    known = [path for number, path in numbered if iteration is None or number <= iteration]
    return known[-1] if known else None
