"""Hold a velocity command at a value of its own in each environment, whatever its term samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


class HeldCommand:
    """Overwrites the command of a term, on the instance, before the policy observes it."""

    def __init__(self, term: Any, values: torch.Tensor) -> None:
        """Hold `term.command` at `values`: forward, lateral (m/s) and yaw (rad/s), of shape [num_envs, 3]."""
        self._term, self._values = term, values
        for name in ("compute", "reset"):  # mjlab computes commands after a reset, Isaac Lab does not
            setattr(term, name, self._held(getattr(term, name)))

    def _held(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def call_and_hold(*args: Any, **kwargs: Any) -> Any:
            result = call(*args, **kwargs)
            self._term.command[:] = self._values
            return result

        return call_and_hold
