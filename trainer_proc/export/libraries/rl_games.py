"""Policies of rl_games: A2C agents with continuous actions and linear layers, in Isaac Lab's wrapper.

The wrapper limits observations and actions. With `clip_actions`, the agent limits actions to ±1 and rescales them to
the action space. All this becomes part of the exported policy, so that its actions are what the environment gets.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import torch
from gymnasium.spaces import Box
from rl_games.algos_torch.models import ModelA2CContinuousLogStd
from rl_games.algos_torch.network_builder import A2CBuilder
from rl_games.algos_torch.players import PpoPlayerContinuous
from torch import nn

from trainer_proc.contract.bundle.description import PolicyDescription
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.export_process import ExportError
from trainer_proc.export.libraries.interface import DescribedActor, RebuiltPolicy
from trainer_proc.export.mlp import Mlp, MlpActor, plain_mlp
from trainer_proc.export.plain import plain
from trainer_proc.rl_libraries.rl_games import RlGamesRunner, bare

_MODEL = "continuous_a2c_logstd"
"""The only model with continuous actions whose inference works in rl_games 1.6: `continuous_a2c` fails, and
`continuous_a2c_tanh` trains the tangent of its mean but plays the mean."""
_NORMALIZED_LIMIT = 5.0
"""Largest magnitude of what rl_games' `RunningMeanStd` returns."""


class _Actor(msgspec.Struct, frozen=True):
    """What rebuilds the player."""

    network: dict[str, Any]
    """The agent's `params.network`."""
    normalize_input: bool
    normalize_value: bool
    value_size: int
    rescales_actions: bool
    """The agent's `clip_actions`: limit to ±1, rescale to the action space."""
    action_limit: float | None
    """Largest magnitude of an action that the wrapper lets through, the action space; None for no limit."""
    observation_limit: float | None

    @property
    def largest_action(self) -> float:
        """`action_limit`, infinite for none."""
        return math.inf if self.action_limit is None else self.action_limit

    @property
    def largest_observation(self) -> float:
        """`observation_limit`, infinite for none."""
        return math.inf if self.observation_limit is None else self.observation_limit


def describe(runner: RlGamesRunner) -> DescribedActor:
    """Describe a live policy. Raises `ExportError` for one that can't be exported."""
    agent, wrapper = runner.agent, runner.agent.vec_env.env
    model = bare(agent.model)
    _chain(model)  # refuses what is no chain
    if not isinstance(agent.obs_shape, tuple) or len(agent.obs_shape) != 1:
        raise ExportError(f"expected observations that are one vector, got {agent.obs_shape}")
    groups = {"actor": list(wrapper._obs_groups["obs"])}
    groups["critic"] = list(wrapper._obs_groups["states"]) or groups["actor"]
    actor = _Actor(
        network=plain(agent.network.network_builder.params),
        normalize_input=bool(agent.normalize_input),
        normalize_value=bool(agent.normalize_value),
        value_size=int(agent.value_size),
        rescales_actions=bool(agent.clip_actions),
        action_limit=_finite(wrapper._clip_actions),
        observation_limit=_finite(wrapper._clip_obs),
    )
    return DescribedActor("rl_games", msgspec.to_builtins(actor), groups, runner.env.observation_sizes, {})


def rebuild(
    description: PolicyDescription, content: Mapping[str, Any], observations: int, checkpoint: Path
) -> RebuiltPolicy:
    """Return the policy that reads `observations` numbers, with the weights in `content`, a checkpoint's.

    Raises `ExportError` if it can't be built or the weights don't fit.
    """
    actor = msgspec.convert(description.actor, _Actor)
    player = _player(actor, observations, description.num_actions)
    try:
        player.set_weights({"model": content["model"]})
    except Exception as error:  # weights that are no tensors raise anything
        raise ExportError(
            f"{checkpoint} doesn't fit params/policy.json: choose a checkpoint of this run ({one_line(error)})"
        ) from error
    mlp = _mlp(player.model, actor)
    highest, farthest = actor.largest_observation, actor.largest_action
    groups = description.observation_groups["actor"]

    def act(observed: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Act as rl_games' player between the two ends of Isaac Lab's wrapper."""
        row = torch.cat([observed[group] for group in groups], dim=-1).clamp(-highest, highest)
        actions: torch.Tensor = player.get_action(row, is_deterministic=True)
        return actions.clamp(-farthest, farthest)

    normalization = (mlp.mean, mlp.std) if actor.normalize_input else None
    limits = actor.normalize_input or actor.observation_limit is not None
    return RebuiltPolicy(MlpActor(mlp), act, normalization, limits, mlp)


def _player(actor: _Actor, observations: int, actions: int) -> Any:
    """Return rl_games' own player, without an environment."""
    spaces = {
        "observation_space": Box(-actor.largest_observation, actor.largest_observation, (observations,)),
        "action_space": Box(-actor.largest_action, actor.largest_action, (actions,)),
        "value_size": actor.value_size,
    }
    config = {
        "env_name": "",
        "env_info": spaces,
        "device_name": "cpu",
        "normalize_input": actor.normalize_input,
        "normalize_value": actor.normalize_value,
        "clip_actions": actor.rescales_actions,
    }
    player = PpoPlayerContinuous({"config": config, "model": {"name": _MODEL}, "network": actor.network})
    player.has_batch_dimension = True
    return player


def _mlp(model: Any, actor: _Actor) -> Mlp:
    """Return what the player computes."""
    changes: dict[str, Any] = {"input_limit": actor.largest_observation}
    if actor.normalize_input:
        statistics = model.running_mean_std
        changes["mean"] = statistics.running_mean.float()
        changes["std"] = torch.sqrt(statistics.running_var.float() + statistics.epsilon)
        changes["limit"] = _NORMALIZED_LIMIT
    mlp = plain_mlp(_chain(model), **changes)
    largest = torch.full_like(mlp.high, actor.largest_action)
    if actor.rescales_actions:
        if actor.action_limit is None:
            raise ExportError("expected env.clip_actions to be finite, as clip_actions rescales actions to it")
        one = torch.ones_like(largest)
        return replace(mlp, low=-one, high=one, scale=largest)
    return replace(mlp, low=-largest, high=largest)


def _chain(model: Any) -> list[nn.Module]:
    """Return the modules from the normalized observation to the mean action. Raises `ExportError`."""
    if not isinstance(model, ModelA2CContinuousLogStd.Network):
        raise ExportError(f"expected rl_games' model {_MODEL}, got {type(model).__qualname__}")
    network = model.a2c_network
    if type(network) is not A2CBuilder.Network:
        raise ExportError(f"expected rl_games' network actor_critic, got {type(network).__qualname__}")
    if network.has_rnn:
        raise ExportError("expected a policy without memory, got a recurrent one: train it with rsl_rl to export it")
    if network.has_cnn:
        raise ExportError("expected a policy of linear layers, got a convolution: train it with rsl_rl to export it")
    if network.is_d2rl:
        raise ExportError("expected a policy of linear layers, got d2rl: train it with rsl_rl to export it")
    return [*network.actor_mlp, network.mu, network.mu_act]


def _finite(limit: float) -> float | None:
    return float(limit) if math.isfinite(limit) else None
