"""What a training is to reach: a preset's `[goal]` table."""

from __future__ import annotations

import math
from typing import Annotated, Any

import msgspec

from curricula.schema import SchemaError, convert
from presets.evaluation import PREFIX


class Goal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The training stops once `metric` is at least `at_least` for `iterations` iterations in a row."""

    metric: Annotated[str, msgspec.Meta(min_length=1)]
    """Name of a published metric, such as `Evaluation/success` or `Train/success_rate`."""
    at_least: float
    iterations: Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)] = msgspec.field(name="for", default=1)
    """Iterations in a row; one without the metric counts with the value before."""


def read_goal(table: dict[str, Any], evaluation: dict[str, Any]) -> Goal | None:
    """Return the goal in a table; an empty one is none. Raises `SchemaError`, also without the evaluation it needs."""
    if not table:
        return None
    goal = convert(table, Goal, path="goal")
    if not math.isfinite(goal.at_least):
        raise SchemaError(f"goal.at_least: expected a finite number, got {goal.at_least}")
    if goal.metric.startswith(PREFIX) and not evaluation:
        raise SchemaError(f"goal.metric: {goal.metric} needs periodic evaluation: add [evaluation] or --evaluate-every")
    return goal
