"""Limits that scripts demand of an evaluation: a least or a largest mean of a measure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from curricula.errors import UsageError


@dataclass(frozen=True)
class Limit:
    """The mean of `measure` over all episodes must be at least `value`, or at most."""

    measure: str
    value: float
    is_minimum: bool = True


def parse_limit(text: str, *, is_minimum: bool) -> Limit:
    """Return the limit in `MEASURE=VALUE`. Raises `UsageError`."""
    measure, _, number = text.rpartition("=")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not measure or not math.isfinite(value):
        raise UsageError(f"expected MEASURE=VALUE, such as error/yaw=0.2, got {text}")
    return Limit(measure, value, is_minimum)
