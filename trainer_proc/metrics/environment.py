"""Access to the environment of a runner."""

from __future__ import annotations

from typing import Any


def unwrapped(env: Any) -> Any:
    """Return the environment inside the wrappers of Gymnasium and of an RL library; `env` itself if it has none."""
    return getattr(env, "unwrapped", env)
