"""What each library's module gives to the exporter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # torch may be missing, which the exporter reports
    import torch

    from trainer_proc.export.mlp import Mlp


class DescribedActor(NamedTuple):
    """The part of a description that depends on the library: fields of `PolicyDescription` with the same names."""

    library: str
    actor: dict[str, Any]
    observation_groups: dict[str, list[str]]
    observation_sizes: dict[str, int]
    image_shapes: dict[str, list[int]]


@dataclass(frozen=True)
class RebuiltPolicy:
    """A policy with the weights of a checkpoint, on the CPU."""

    exportable: Any
    """Module with `as_onnx` and `as_jit`, as rsl-rl's models have them."""
    act: Callable[[Mapping[str, torch.Tensor]], torch.Tensor]
    """The library's own deterministic inference: [N, ...] of each observation group to actions [N, num_actions]."""
    normalization: tuple[torch.Tensor, torch.Tensor] | None = None
    """Mean and standard deviation of the observations' normalizer, [observations] each; None without one."""
    limits_observations: bool = False
    """Whether observations are limited, so that the check needs large ones too."""
    mlp: Mlp | str = ""
    """The policy as linear layers, or why it is none, in one line."""
