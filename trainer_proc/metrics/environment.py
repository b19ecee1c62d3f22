"""Access to the environment of a runner."""

from __future__ import annotations

from typing import Any


def unwrapped(env: Any) -> Any:
    """Return the environment inside the wrappers of Gymnasium and of an RL library; `env` itself if it has none."""
    return getattr(env, "unwrapped", env)


def observation_term_cfg(manager: Any, group: str, term: str) -> Any:
    """Return the configuration that an observation manager uses for a term."""
    if hasattr(manager, "get_term_cfg"):
        return manager.get_term_cfg(group, term)
    return manager._group_obs_term_cfgs[group][manager.active_terms[group].index(term)]
