"""Writes `policy_weights.pt`: a policy of linear layers for other PyTorch programs, which load it without this one.

`docs/hand-over.md` describes the format; its loader is the same as `hand_over_actions`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy

from trainer_proc.contract.bundle.card import WEIGHTS
from trainer_proc.contract.bundle.description import PolicyDescription
from trainer_proc.export.libraries.interface import RebuiltPolicy

FORMAT = 1
"""Bump when a loader of an older format would compute other actions."""
FloatArray = numpy.ndarray[Any, numpy.dtype[numpy.float32]]


def write_hand_over(policy: RebuiltPolicy, description: PolicyDescription, folder: Path) -> None:
    """Write `policy_weights.pt` into `folder` if the policy consists of linear layers. Raises `OSError`."""
    import torch

    mlp = policy.mlp
    if isinstance(mlp, str):
        return
    sizes, activations = mlp.layer_sizes, [type(layer).__name__ for layer in mlp.layers[1::2]]
    content = {
        "format": FORMAT,
        "layers": [list(layer) for layer in zip(sizes[:-1], sizes[1:], activations, strict=True)],
        "weights": {
            f"{2 * number}.{name}": tensor.detach().clone()
            for number, layer in enumerate(mlp.layers[::2])
            for name, tensor in layer.state_dict().items()
        },
        "normalizer": {
            "mean": mlp.mean.clone(),
            "std": mlp.std.clone(),
            "eps": float(mlp.eps),
            "input_limit": float(mlp.input_limit),
            "limit": float(mlp.limit),
        },
        "actions": {name: getattr(mlp, name).clone() for name in ("low", "high", "scale", "offset")},
        "description": msgspec.json.encode(description).decode(),
    }
    with open(folder / WEIGHTS, "wb") as file:
        torch.save({"policy": content}, file)


def hand_over_actions(file: Path, observations: FloatArray) -> FloatArray:
    """Return the actions [N, actions] of the policy in a file for observations [N, observations]."""
    import torch

    policy = torch.load(file, weights_only=True)["policy"]
    network = torch.nn.Sequential()
    for inputs, outputs, activation in policy["layers"]:
        network.extend([torch.nn.Linear(inputs, outputs), getattr(torch.nn, activation)()])
    network.load_state_dict(policy["weights"])
    normalizer, limits = policy["normalizer"], policy["actions"]
    rows = torch.from_numpy(observations).clamp(-normalizer["input_limit"], normalizer["input_limit"])
    rows = (rows - normalizer["mean"]) / (normalizer["std"] + normalizer["eps"])
    with torch.inference_mode():
        actions = network(rows.clamp(-normalizer["limit"], normalizer["limit"])).clamp(limits["low"], limits["high"])
    computed: FloatArray = (actions * limits["scale"] + limits["offset"]).numpy()
    return computed
