"""Policies of skrl: PPO agents with Gaussian actions and linear layers.

skrl makes networks by running text of its configuration as code. A run's folder is data, so the layers themselves are
described, and the network is built from them. `describe` compares it with the live one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import torch
from gymnasium.spaces import Box
from skrl.agents.torch.ppo import PPO
from skrl.models.torch import GaussianMixin, Model
from skrl.resources.preprocessors.torch import RunningStandardScaler
from torch import nn

from trainer_proc.contract.bundle.description import PolicyDescription
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.export_process import ExportError
from trainer_proc.export.libraries.interface import DescribedActor, RebuiltPolicy
from trainer_proc.export.mlp import ACTIVATIONS, Mlp, MlpActor, layers_of, plain_mlp
from trainer_proc.rl_libraries.skrl import SkrlRunner

_PROBES = 16
"""Count of observations that compare the live network with its layers."""


class _Actor(msgspec.Struct, frozen=True):
    """What rebuilds the agent."""

    linear_layers: list[str]
    """Names of the linear layers among the policy's weights, in order."""
    activations: list[str]
    """Name in `torch.nn` of what follows each."""
    limits_mean: bool
    """Whether mean actions are limited to the action space (`clip_mean_actions`)."""
    limits_actions: bool
    """Whether sampled actions are (`clip_actions`); then the exported mean is too: the environment knows no others."""
    low: list[float] | None
    """Ends of the action space if it has finite ones, [num_actions]."""
    high: list[float] | None
    normalizes: bool
    """Whether a `RunningStandardScaler` normalizes observations."""
    epsilon: float = 0.0
    clip_threshold: float = 5.0


def describe(runner: SkrlRunner) -> DescribedActor:
    """Describe a live policy. Raises `ExportError` for one that can't be exported."""
    agent = runner.agent
    policy, sizes = agent.policy, runner.env.observation_sizes
    if not isinstance(policy, GaussianMixin):
        raise ExportError(f"expected skrl's Gaussian actions, got {type(policy).__name__}")
    if "policy" not in sizes:
        raise ExportError("expected observation group policy to be one vector, got several tensors")
    layers = layers_of(module for module in policy.modules() if _is_step(module, policy))
    names = {module: name for name, module in policy.named_modules()}
    scaler = agent.checkpoint_modules.get("observation_preprocessor")
    if scaler is not None and type(scaler) is not RunningStandardScaler:
        raise ExportError(f"expected skrl's RunningStandardScaler, got {type(scaler).__name__}")
    low, high = policy._g_min_actions, policy._g_max_actions
    actor = _Actor(
        linear_layers=[names[layer] for layer in layers[::2]],
        activations=[type(layer).__name__ for layer in layers[1::2]],
        limits_mean=bool(policy._g_clip_mean_actions),
        limits_actions=bool(policy._g_clip_actions),
        low=None if low is None else low.tolist(),
        high=None if high is None else high.tolist(),
        normalizes=scaler is not None,
        **({} if scaler is None else {"epsilon": scaler.epsilon, "clip_threshold": scaler.clip_threshold}),
    )
    _compare(policy, layers, sizes["policy"])
    groups = {"actor": ["policy"], "critic": ["critic" if "critic" in sizes else "policy"]}
    return DescribedActor("skrl", msgspec.to_builtins(actor), groups, sizes, {})


def _is_step(module: nn.Module, policy: nn.Module) -> bool:
    """Return whether a module of a policy is a layer of the policy; shared networks have one for the value too."""
    return not list(module.children()) and module is not getattr(policy, "value_layer", None)


def _compare(policy: Any, layers: list[Any], observations: int) -> None:
    """Raise `ExportError` unless the layers compute what the live network does."""
    weight = layers[0].weight
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(_PROBES, observations, generator=generator).to(weight.device, weight.dtype)
    try:
        with torch.no_grad():
            expected = policy.compute({"observations": rows}, role="policy")[0]
            computed = nn.Sequential(*layers)(rows)
    except Exception as error:  # a user's network takes what it likes
        raise ExportError(f"expected a chain of linear layers from observations: {one_line(error)}") from error
    if expected.shape != computed.shape or not torch.allclose(expected, computed, atol=1e-5):
        raise ExportError("expected a chain of linear layers from observations to actions, got another network")


def rebuild(
    description: PolicyDescription, content: Mapping[str, Any], observations: int, checkpoint: Path
) -> RebuiltPolicy:
    """Return the policy that reads `observations` numbers, with the weights in `content`, a checkpoint's.

    Raises `ExportError` if it can't be built or the weights don't fit.
    """
    actor = msgspec.convert(description.actor, _Actor)
    try:
        layers = _layers(actor, content["policy"])
        if (layers[0].in_features, layers[-2].out_features) != (observations, description.num_actions):
            raise ValueError(f"it maps {layers[0].in_features} observations to {layers[-2].out_features} actions")
        agent = _agent(actor, layers)
        if actor.normalizes:
            agent.checkpoint_modules["observation_preprocessor"].load_state_dict(content["observation_preprocessor"])
    except Exception as error:  # weights that are no tensors raise anything
        raise ExportError(
            f"{checkpoint} doesn't fit params/policy.json: choose a checkpoint of this run ({one_line(error)})"
        ) from error
    mlp = _mlp(agent, actor, layers)
    groups = description.observation_groups["actor"]

    def act(observed: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Act as skrl's trainers do without exploration."""
        row = torch.cat([observed[group] for group in groups], dim=-1)
        actions: torch.Tensor = agent.act(row, None, timestep=0, timesteps=0)[1]["mean_actions"]
        return actions.clamp(mlp.low, mlp.high) if actor.limits_actions else actions

    normalization = (mlp.mean, mlp.std) if actor.normalizes else None
    return RebuiltPolicy(MlpActor(mlp), act, normalization, actor.normalizes, mlp)


def _layers(actor: _Actor, weights: Mapping[str, torch.Tensor]) -> list[Any]:
    """Return the layers with their weights. Raises anything if the weights don't fit."""
    layers: list[nn.Module] = []
    for name, activation in zip(actor.linear_layers, actor.activations, strict=True):
        if activation not in ACTIVATIONS:
            raise ValueError(f"unknown activation {activation}")
        outputs, inputs = weights[f"{name}.weight"].shape
        linear = nn.Linear(inputs, outputs)
        linear.load_state_dict({part: weights[f"{name}.{part}"] for part in ("weight", "bias")})
        layers += [linear, getattr(nn, activation)()]
    return layers_of(layers)


class _Policy(GaussianMixin, Model):  # type: ignore[misc]
    """skrl's Gaussian policy over given layers."""

    def __init__(self, actor: _Actor, layers: list[Any], observations: Box, actions: Box) -> None:
        Model.__init__(self, observation_space=observations, action_space=actions, device="cpu")
        GaussianMixin.__init__(self, clip_actions=actor.limits_actions, clip_mean_actions=actor.limits_mean)
        self.network = nn.Sequential(*layers)

    def compute(self, inputs: Mapping[str, Any], role: str = "") -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        mean = self.network(inputs["observations"])
        return mean, {"log_std": torch.zeros_like(mean[0])}


def _agent(actor: _Actor, layers: list[Any]) -> Any:
    """Return skrl's own agent, without an environment."""
    observations, actions = layers[0].in_features, layers[-2].out_features
    inputs = Box(-math.inf, math.inf, (observations,))
    low, high = _ends(actor, actions)
    outputs = Box(low.numpy(), high.numpy(), (actions,))
    cfg: dict[str, Any] = {}
    if actor.normalizes:
        scaling = {"size": inputs, "epsilon": actor.epsilon, "clip_threshold": actor.clip_threshold, "device": "cpu"}
        cfg = {"observation_preprocessor": RunningStandardScaler, "observation_preprocessor_kwargs": scaling}
    models = {"policy": _Policy(actor, layers, inputs, outputs)}
    spaces = {"observation_space": inputs, "action_space": outputs}
    agent = PPO(models=models, memory=None, device="cpu", cfg=cfg, **spaces)
    agent.enable_training_mode(False)
    return agent


def _ends(actor: _Actor, actions: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the ends of the action space, infinite ones without."""
    if actor.low is None or actor.high is None:
        return torch.full((actions,), -math.inf), torch.full((actions,), math.inf)
    return torch.tensor(actor.low), torch.tensor(actor.high)


def _mlp(agent: Any, actor: _Actor, layers: list[Any]) -> Mlp:
    """Return what the agent computes."""
    changes: dict[str, Any] = {}
    if actor.normalizes:
        scaler = agent.checkpoint_modules["observation_preprocessor"]
        changes |= {
            "mean": scaler.running_mean.float(),
            "std": torch.sqrt(scaler.running_variance.float()),
            "eps": actor.epsilon,
            "limit": actor.clip_threshold,
        }
    if actor.limits_mean or actor.limits_actions:
        changes["low"], changes["high"] = _ends(actor, layers[-2].out_features)
    return plain_mlp(layers, **changes)
