"""What the name of a metric says about its values: whether they move in steps, and their possible range."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from presets.evaluation import PREFIX
from tui.session.metrics.names import Role, family_of, role_of, term_of

Limits = tuple[float, float]
"""Smallest and largest possible value; infinite where there is no limit."""

NO_LIMITS: Limits = (-math.inf, math.inf)
_FRACTION: Limits = (0.0, 1.0)
_NOT_NEGATIVE: Limits = (0.0, math.inf)

_LIMITS_OF_ROLES: dict[Role, Limits] = {
    **dict.fromkeys(("success", "clip_fraction"), _FRACTION),
    **dict.fromkeys(("kl", "desired_kl", "value_loss", "action_std", "episode_length"), _NOT_NEGATIVE),
    **dict.fromkeys(("learning_rate", "steps_per_second"), _NOT_NEGATIVE),
    "explained_variance": (-math.inf, 1.0),
}
_STEPPED_ROLES: tuple[Role, ...] = ("learning_rate", "desired_kl")
_FRACTIONS = re.compile(
    r"(Success|Evaluation/(success|score))(?!/(instant_)?error/).*|Terrain/share.*"
    r"|(.*[/_ ])?(rate|fraction|share|probability|accuracy)"
)
_NOT_NEGATIVE_NAMES = re.compile(
    r"(Perf|performance|time|Terrain|Success|Evaluation/error)/.*"
    r"|(.*[/_ ])?(levels?|episodes?|error|norm|time|count|std|steps)"
)
_STEPPED = re.compile(
    r"Train/(success_(episodes|window)|noise_free_environments)|(.*[/_ ])?(level|stage|epsilon|clip_range)"
)
_MEASURED_OF_CURRICULA = re.compile(r"terrain|mean|rate|error|success|reward|share")
"""Curriculum metrics that are averages over environments or episodes; all others are values that a curriculum sets."""


@lru_cache(4096)
def is_stepped(name: str) -> bool:
    """Return whether a metric is a setting or a level, which keeps a value until it is given another one."""
    if family_of(name) == "curriculum":
        *_, last = term_of(name).split("/")
        is_measured = _MEASURED_OF_CURRICULA.search(term_of(name)) is not None
        return last in ("level", "episodes") or name == "Terrain/max_level" or not is_measured
    return role_of(name) in _STEPPED_ROLES or _STEPPED.fullmatch(name) is not None


def is_rare(name: str) -> bool:
    """Return whether a metric has few values, each a mean over many episodes, which smoothing would falsify."""
    return name.startswith(PREFIX)


@lru_cache(4096)
def limits_of(name: str) -> Limits:
    """Return the possible range of a metric's values, as far as its name tells."""
    family, role = family_of(name), role_of(name)
    if family == "reward term":
        return NO_LIMITS
    if family == "termination":
        return _FRACTION
    if family == "tracking error":
        return _NOT_NEGATIVE
    if role is not None:
        return _LIMITS_OF_ROLES.get(role, NO_LIMITS)
    if _FRACTIONS.fullmatch(name):
        return _FRACTION
    return _NOT_NEGATIVE if _NOT_NEGATIVE_NAMES.fullmatch(name) else NO_LIMITS


def joined_limits(limits: list[Limits]) -> Limits:
    """Return the range that holds all of these."""
    return (min(low for low, _ in limits), max(high for _, high in limits)) if limits else NO_LIMITS
