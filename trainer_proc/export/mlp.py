"""An actor of linear layers in plain torch, with all that happens to observations before and to actions after them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn

from trainer_proc.contract.export_process import ExportError

ACTIVATIONS = frozenset(
    (
        *("CELU", "ELU", "GELU", "Hardswish", "Hardtanh", "Identity", "LeakyReLU", "Mish", "ReLU", "SELU", "Sigmoid"),
        *("SiLU", "Softplus", "Softsign", "Tanh"),
    )
)
"""Names of `torch.nn` modules that may follow a linear layer; they take no arguments and have no weights."""


@dataclass(frozen=True)
class Mlp:
    """Linear layers between a normalizer and limits of the actions; infinite limits are none."""

    layers: Sequence[nn.Module]
    """A linear layer, its activation, the next linear layer and so on, as `layers_of` returns them."""
    mean: torch.Tensor
    """Subtracted from the observation, [observations]."""
    std: torch.Tensor
    """Divides it, with `eps` added, [observations]."""
    low: torch.Tensor
    """Lowest output of the layers, [actions]."""
    high: torch.Tensor
    scale: torch.Tensor
    """Factor of the limited output, [actions]."""
    offset: torch.Tensor
    """Added after scaling, [actions]."""
    eps: float = 0.0
    input_limit: float = math.inf
    """Largest magnitude of an observation, before it is normalized."""
    limit: float = math.inf
    """Largest magnitude of a normalized observation."""

    @property
    def layer_sizes(self) -> list[int]:
        """Count of observations, then of each layer's outputs."""
        linear = [layer for layer in self.layers if isinstance(layer, nn.Linear)]
        return [linear[0].in_features, *(layer.out_features for layer in linear)]


def plain_mlp(modules: Iterable[nn.Module], **changes: Any) -> Mlp:
    """Return an `Mlp` that normalizes and limits nothing but by `changes`. Raises `ExportError`, see `layers_of`."""
    layers = layers_of(modules)
    inputs, outputs = layers[0].in_features, layers[-2].out_features
    neutral = {
        "mean": torch.zeros(inputs),
        "std": torch.ones(inputs),
        "low": torch.full((outputs,), -math.inf),
        "high": torch.full((outputs,), math.inf),
        "scale": torch.ones(outputs),
        "offset": torch.zeros(outputs),
    }
    return Mlp(layers, **{**neutral, **changes})


def layers_of(modules: Iterable[nn.Module]) -> list[Any]:
    """Return a chain of modules as linear layers, each followed by one activation (`nn.Identity` for none).

    Raises `ExportError` for any other module.
    """
    layers: list[nn.Module] = []
    for module in modules:
        if isinstance(module, nn.Linear) and module.bias is not None:
            layers += [nn.Identity(), module] if len(layers) % 2 else [module]
        elif len(layers) % 2 and _is_activation(module):
            layers.append(module)
        elif not isinstance(module, nn.Identity | nn.Flatten):
            raise ExportError(f"expected linear layers with an activation after each, got {module}")
    if not layers:
        raise ExportError("expected linear layers, got none")
    return [*layers, nn.Identity()] if len(layers) % 2 else layers


def _is_activation(module: nn.Module) -> bool:
    name = type(module).__name__
    return name in ACTIVATIONS and repr(module) == repr(getattr(nn, name)())


class MlpActor(nn.Module):
    """An `Mlp` as one module, with what rsl-rl's models have for an export. Maps [N, observations] to [N, actions]."""

    input_names: ClassVar = ["obs"]
    output_names: ClassVar = ["actions"]

    def __init__(self, mlp: Mlp) -> None:
        super().__init__()
        self.steps = nn.Sequential(*_steps(mlp))
        self._observations = mlp.layer_sizes[0]

    def forward(self, obs: torch.Tensor) -> torch.Tensor:
        actions: torch.Tensor = self.steps(obs)
        return actions

    @torch.jit.export
    def reset(self) -> None:
        """Do nothing: there is no state."""

    def as_onnx(self, verbose: bool) -> MlpActor:
        """Return the module for ONNX."""
        return self

    def as_jit(self) -> MlpActor:
        """Return the module for TorchScript."""
        return self

    def get_dummy_inputs(self) -> tuple[torch.Tensor]:
        """Return an observation."""
        return (torch.zeros(1, self._observations),)


def _steps(mlp: Mlp) -> Iterator[nn.Module]:
    """Yield the modules that do something."""
    if math.isfinite(mlp.input_limit):
        yield _Limit(torch.full_like(mlp.mean, -mlp.input_limit), torch.full_like(mlp.mean, mlp.input_limit))
    divisor = mlp.std + mlp.eps
    if bool((mlp.mean != 0).any() or (divisor != 1).any()):
        yield _Normalizer(mlp.mean, divisor)
    if math.isfinite(mlp.limit):
        yield _Limit(torch.full_like(mlp.mean, -mlp.limit), torch.full_like(mlp.mean, mlp.limit))
    yield from mlp.layers
    if bool(mlp.low.isfinite().any() or mlp.high.isfinite().any()):
        yield _Limit(mlp.low, mlp.high)
    if bool((mlp.scale != 1).any() or (mlp.offset != 0).any()):
        yield _Rescaling(mlp.scale, mlp.offset)


class _Limit(nn.Module):
    def __init__(self, low: torch.Tensor, high: torch.Tensor) -> None:
        super().__init__()
        self.low = nn.Buffer(low)
        self.high = nn.Buffer(high)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return torch.clamp(values, self.low, self.high)


class _Normalizer(nn.Module):
    def __init__(self, mean: torch.Tensor, divisor: torch.Tensor) -> None:
        super().__init__()
        self.mean = nn.Buffer(mean)
        self.divisor = nn.Buffer(divisor)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return (values - self.mean) / self.divisor


class _Rescaling(nn.Module):
    def __init__(self, scale: torch.Tensor, offset: torch.Tensor) -> None:
        super().__init__()
        self.scale = nn.Buffer(scale)
        self.offset = nn.Buffer(offset)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return values * self.scale + self.offset
