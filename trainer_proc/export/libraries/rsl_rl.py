"""Policies of rsl-rl: its models, and users' own that export themselves.

Actors are typed `Any`: rsl-rl has no types, and torch's lack `as_onnx` and `as_jit`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from rsl_rl.models import MLPModel
from rsl_rl.modules import EmpiricalNormalization
from rsl_rl.modules.distribution import GaussianDistribution
from rsl_rl.utils import resolve_callable
from tensordict import TensorDict

from trainer_proc.contract.bundle.description import PolicyDescription
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.export_process import ExportError
from trainer_proc.export.libraries.interface import DescribedActor, RebuiltPolicy
from trainer_proc.export.mlp import Mlp, plain_mlp


def describe(runner: Any) -> DescribedActor:
    """Describe a live policy."""
    observed = runner.env.get_observations()
    groups = {model: list(names) for model, names in runner.cfg["obs_groups"].items()}
    if "student" in groups:
        groups["actor"] = groups["student"]
    return DescribedActor(
        library="rsl_rl",
        actor=_actor_arguments(runner),
        observation_groups=groups,
        observation_sizes={name: int(tensor.shape[1]) for name, tensor in observed.items() if tensor.ndim == 2},
        image_shapes={name: list(tensor.shape[1:]) for name, tensor in observed.items() if tensor.ndim == 4},
    )


def _actor_arguments(runner: Any) -> dict[str, Any]:
    """Return the actor's class and arguments; rsl-rl has taken the class names out of the configuration by now."""
    actor = runner.alg.get_policy()
    known = runner.cfg["actor" if "actor" in runner.cfg else "student"]  # the latter in a distillation
    arguments = {**known, "class_name": _class_name(actor)}
    arguments.pop("cnns", None)
    if arguments.get("distribution_cfg") is not None:
        arguments["distribution_cfg"] = {
            **arguments["distribution_cfg"],
            "class_name": _class_name(actor.distribution),
        }
    return arguments


def _class_name(instance: Any) -> str:
    kind = type(instance)
    return kind.__name__ if kind.__module__.startswith("rsl_rl.") else f"{kind.__module__}:{kind.__qualname__}"


def rebuild(
    description: PolicyDescription, weights: dict[str, Any], observations: int, checkpoint: Path
) -> RebuiltPolicy:
    """Return the actor with `weights`, built as in rsl-rl's `PPO.construct_algorithm`, on the CPU in eval mode.

    Raises `ExportError` if the weights don't fit, anything if it can't be built.
    """
    # rsl-rl's constructors remove entries from the configuration that they get
    arguments = copy.deepcopy(description.actor)
    for name in _class_names(arguments):
        named = resolve_callable(name)
        if not (isinstance(named, type) and issubclass(named, torch.nn.Module)):  # rsl-rl calls whatever it is
            raise TypeError(f"{named} is no torch module")
    actor_class: Any = resolve_callable(arguments.pop("class_name"))
    zeros = {name: torch.zeros(1, size) for name, size in description.observation_sizes.items()}
    zeros |= {name: torch.zeros(1, *shape) for name, shape in description.image_shapes.items()}
    observation = TensorDict(zeros, batch_size=[1])
    groups = copy.deepcopy(description.observation_groups)
    actor = actor_class(observation, groups, "actor", description.num_actions, **arguments)
    try:
        actor.load_state_dict(weights, strict=True)
    except Exception as error:  # weights that are no tensors raise anything
        raise ExportError(
            f"{checkpoint} doesn't fit params/policy.json: choose a checkpoint of this run ({one_line(error)})"
        ) from error
    actor.eval()

    def act(observed: Mapping[str, torch.Tensor]) -> torch.Tensor:
        size = len(next(iter(observed.values())))
        actions: torch.Tensor = actor(TensorDict(dict(observed), batch_size=[size]))
        return actions

    normalizer = getattr(actor, "obs_normalizer", None)
    normalization = None
    if isinstance(normalizer, EmpiricalNormalization):
        normalization = normalizer.mean, normalizer.std
    return RebuiltPolicy(actor, act, normalization, mlp=_mlp(actor))


def _mlp(actor: Any) -> Mlp | str:
    """Return the actor as linear layers, or why it has others."""
    if type(actor) is not MLPModel:
        return f"expected rsl-rl's MLPModel, got {type(actor).__name__}"
    is_mean = actor.distribution is None or type(actor.distribution) is GaussianDistribution
    output = [] if is_mean else [actor.distribution.as_deterministic_output_module()]
    changes: dict[str, Any] = {}
    if isinstance(actor.obs_normalizer, EmpiricalNormalization):
        changes = {"mean": actor.obs_normalizer.mean, "std": actor.obs_normalizer.std, "eps": actor.obs_normalizer.eps}
    try:
        return plain_mlp([*actor.mlp, *output], **changes)
    except ExportError as error:
        return str(error)


def _class_names(arguments: Any) -> Iterator[str]:
    """Yield the names of the classes in an actor's arguments."""
    for key, value in arguments.items() if isinstance(arguments, dict) else enumerate(arguments):
        if key == "class_name":
            yield value
        elif isinstance(value, dict | list):
            yield from _class_names(value)
