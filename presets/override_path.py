"""The path of an override in a task's configuration, written like a dotted TOML key.

`env.episode_length_s`, `agent.actor.hidden_dims.0`, `env.rewards.pose.params.std_walking.".*knee.*"`.
"""

from __future__ import annotations

import re

from curricula.errors import UsageError

ROOTS = ("env", "agent")
"""The environment's and the agent's (rsl-rl's) configuration."""

_STEP = r'(?:"[^"]+"|[^\s."=\[\]]+)'
_PATH = re.compile(rf"{_STEP}(?:\.{_STEP})+")


class OverridePathError(UsageError, ValueError):
    """The text is not the path of an override; the message is one line."""


def split_path(path: str) -> list[str]:
    """Return the steps of `path`, `env` or `agent` first. Raises `OverridePathError`."""
    if not _PATH.fullmatch(path):
        raise OverridePathError(f"expected the path of an override such as env.episode_length_s, got {path!r}")
    steps = [step.strip('"') for step in re.findall(_STEP, path)]
    if steps[0] not in ROOTS:
        raise OverridePathError(f"expected the path of an override to start with env. or agent., got {path}")
    return steps
