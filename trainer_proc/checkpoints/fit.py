"""Compares a checkpoint with the networks that will load it: their configuration before the environment is built.

What only the built environment knows, the number of observations and actions, is compared when the file is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trainer_proc.checkpoints.load import CheckpointError, check_library

_NETWORKS = ("actor", "critic")
_RSL_RL_MODELS = ("MLPModel", "RNNModel", "CNNModel")
"""rsl-rl's own models, whose configuration has the same fields; a user's model is compared when it is loaded."""


def check_fit(path: Path, content: Mapping[str, Any], library: str, agent: Mapping[str, Any]) -> None:
    """Raise `CheckpointError` if the checkpoint can't be loaded into the networks that `agent` configures.

    `content` is what `read_checkpoint` returned for `path`; `agent` is the configuration of `library`.
    """
    check_library(path, content, library)
    find = {"rsl_rl": _of_rsl_rl, "rl_games": _of_rl_games, "skrl": _of_skrl}[library]
    for difference in find(content, agent):
        raise CheckpointError(f"{path} doesn't fit this training: {difference}")


def size_difference(saved: Mapping[str, Any], live: Mapping[str, Any]) -> str:
    """Return in words how many observations and actions an rsl-rl network of each has; empty if both agree.

    `saved` and `live` are its state, tensors by name.
    """
    ends = [(_layers(state, "mlp."), state) for state in (saved, live)]
    if not all(layers for layers, _ in ends):
        return ""
    (saved_in, saved_out), (live_in, live_out) = ((layers[0].shape[1], layers[-1].shape[0]) for layers, _ in ends)
    if saved_in != live_in:
        return f"it takes {saved_in} observations, this environment has {live_in}"
    return f"it has {saved_out} outputs, this environment needs {live_out}" if saved_out != live_out else ""


def _of_rsl_rl(content: Mapping[str, Any], agent: Mapping[str, Any]) -> Iterator[str]:
    for network in _NETWORKS:
        state, cfg = content.get(f"{network}_state_dict"), agent.get(network)
        if not isinstance(state, Mapping) or not isinstance(cfg, Mapping):
            continue  # of rsl-rl 3, which mjlab converts; or a runner with other networks
        if cfg.get("class_name") not in _RSL_RL_MODELS:
            continue
        where = f"agent.{network}"
        is_recurrent = any(name.startswith("rnn.") for name in state)
        if is_recurrent != (cfg["class_name"] == "RNNModel"):
            kind = "recurrent" if is_recurrent else "not recurrent"
            yield f"its {network} is {kind}, {where}.class_name is {cfg['class_name']}"
        yield from _hidden_difference(network, _layers(state, "mlp."), cfg.get("hidden_dims"), f"{where}.hidden_dims")
        normalizes = any(name.startswith("obs_normalizer.") for name in state)
        yield from _switch_difference(network, normalizes, cfg.get("obs_normalization"), f"{where}.obs_normalization")
    algorithm = agent.get("algorithm")
    if isinstance(algorithm, Mapping) and algorithm.get("rnd_cfg") and "rnd_state_dict" not in content:
        yield "it has no RND networks: set agent.algorithm.rnd_cfg=null"


def _of_rl_games(content: Mapping[str, Any], agent: Mapping[str, Any]) -> Iterator[str]:
    state, params = content.get("model"), agent["params"]
    if not isinstance(state, Mapping):
        return
    layers = _layers(state, "a2c_network.actor_mlp.")
    units = params["network"].get("mlp", {}).get("units")
    if layers and isinstance(units, list | tuple):  # the output layer is not part of it
        yield from _hidden_difference("actor", [*layers, layers[-1]], units, "agent.params.network.mlp.units")
    normalizes = any(name.startswith("running_mean_std.") for name in state)
    switch = params["config"].get("normalize_input")
    yield from _switch_difference("actor", normalizes, switch, "agent.params.config.normalize_input")


def _of_skrl(content: Mapping[str, Any], agent: Mapping[str, Any]) -> Iterator[str]:
    for role, cfg in agent["models"].items():
        state = content.get("policy" if agent["models"].get("separate") is False else role)
        if not isinstance(state, Mapping) or not isinstance(cfg, Mapping):
            continue
        for index, part in enumerate(cfg.get("network") or ()):
            layers = _layers(state, f"{part['name']}_container.")
            where = f"agent.models.{role}.network.{index}.layers"
            if layers:
                yield from _hidden_difference(role, [*layers, layers[-1]], part.get("layers"), where)


def _layers(state: Mapping[str, Any], prefix: str) -> list[Any]:
    """Return the weights of the linear layers below `prefix`, from input to output, each [outputs, inputs]."""
    numbered = []
    for name, value in state.items():
        match = re.fullmatch(rf"{re.escape(prefix)}(\d+)\.weight", name)
        if match and getattr(value, "ndim", 0) == 2:
            numbered.append((int(match[1]), value))
    return [value for _, value in sorted(numbered, key=lambda pair: pair[0])]


def _hidden_difference(network: str, layers: list[Any], wanted: Any, path: str) -> Iterator[str]:
    """Yield the difference between the hidden layers of `layers`, the last of which is the output, and `wanted`."""
    if not layers or not isinstance(wanted, list | tuple):
        return
    if not all(isinstance(size, int) and size > 0 for size in wanted):
        return  # such as -1, which means the number of observations
    saved = [int(layer.shape[0]) for layer in layers[:-1]]
    if saved != list(wanted):
        yield f"its {network} has hidden layers {saved}, {path} is {list(wanted)}"


def _switch_difference(network: str, normalizes: bool, wanted: Any, path: str) -> Iterator[str]:
    if isinstance(wanted, bool) and normalizes != wanted:
        what = "normalizes observations" if normalizes else "does not normalize observations"
        yield f"its {network} {what}, {path} is {str(wanted).lower()}"
