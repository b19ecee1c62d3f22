"""Has rsl-rl's observation normalizers keep their tensors: `update` makes the standard deviation anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from trainer_proc.fast.replaced import replaced


@contextmanager
def updating_in_place(*models: Any) -> Iterator[None]:
    """Have each model's normalizer write its standard deviation where it is."""
    with ExitStack() as stack:
        for normalizer in {id(model.obs_normalizer): model.obs_normalizer for model in models}.values():
            if hasattr(normalizer, "update"):
                stack.enter_context(replaced(normalizer, update=_in_place(normalizer)))
        yield


def _in_place(normalizer: Any) -> Any:
    update = normalizer.update

    def update_in_place(observations: torch.Tensor) -> None:
        std = normalizer._std
        update(observations)
        normalizer._std = std.copy_(normalizer._std)

    return update_in_place
