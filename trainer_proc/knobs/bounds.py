"""Bounds of parameters, derived from their names."""

from __future__ import annotations

import re

TINY = 1e-6
"""Lower bound of a divisor."""

_SHORTEST_SECONDS = 1e-3

_BOUNDS: tuple[tuple[str, tuple[float | None, float | None]], ...] = (
    (r"^[^/]*std", (TINY, None)),
    (r"^rel_|_prob(ability)?$", (0.0, 1.0)),
    (r"^(interval_range_s|resampling_time_range)$", (_SHORTEST_SECONDS, None)),
    (r"^[^/]*_s$", (0.0, None)),
    (r"^(static|dynamic)_friction_range$", (0.0, None)),
    (r"^restitution_range$", (0.0, 1.0)),
)


def bounds_of(parameter: str) -> tuple[float | None, float | None]:
    """Return the bounds of `parameter`, such as `std_walking/.*knee.*`; None where unbounded."""
    return next((bounds for pattern, bounds in _BOUNDS if re.search(pattern, parameter)), (None, None))
