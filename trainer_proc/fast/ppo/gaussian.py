"""Draws from rsl-rl's Gaussian distribution without waiting for the device.

`torch.normal` reads whether all standard deviations are valid. Here a flag on the device collects that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from trainer_proc.fast.replaced import replaced

INVALID = "normal expects all elements of std >= 0.0"
"""The message of `torch.normal`."""


def show(distribution: Any, mean: torch.Tensor, std: torch.Tensor) -> None:
    """Have `distribution` report `mean` and the first row of `std`: those of a capture are in the graph's memory."""
    if distribution._distribution.loc is not mean:
        shown = torch.distributions.Normal(mean, std[:1].expand(mean.shape), validate_args=False)
        shown.loc = mean  # which it has expanded
        distribution._distribution = shown


@contextmanager
def drawing_without_wait(distribution: Any, invalid: torch.Tensor) -> Iterator[None]:
    """Have `distribution.sample` draw the same numbers; `invalid`, of no dimensions, becomes true where torch raises.

    `distribution` has the same standard deviation for all samples.
    """

    def sample() -> torch.Tensor:
        mean, std = distribution.mean.detach(), distribution.std.detach()
        invalid.logical_or_(~(std[:1].min() >= 0.0))
        noise = torch.empty(mean.shape, dtype=mean.dtype, device=mean.device).normal_()
        return noise.mul_(std).add_(mean)  # the order of `torch.normal`

    with replaced(distribution, sample=sample):
        yield
