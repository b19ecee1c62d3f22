"""Periodic evaluation of a training: a preset's `[evaluation]` table."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from curricula.schema import convert

PREFIX = "Evaluation/"
"""Prefix of the metrics that evaluations publish."""

Suite = Literal["quick", "commands", "pushes", "terrain", "randomization", "smoothness"]
"""The suites of `trainer_proc.contract.evaluation`."""
_Most = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]


class PeriodicEvaluation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When the policy is evaluated during the training, and how."""

    every: _Most
    """Iterations from one evaluation to the next; the last iteration is evaluated too, if it isn't before the first."""
    suite: Suite = "quick"
    episodes: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    """Episodes in each cell of the suite; 0 for the suite's own number."""
    device: Annotated[str, msgspec.Meta(pattern=r"^(|cpu|cuda:\d+)$", title="cpu or cuda:N")] = ""
    """`cpu` or `cuda:N`; empty for the CPU if it is fast enough and has cores to spare, else the training's own."""


def read_evaluation(table: dict[str, Any]) -> PeriodicEvaluation | None:
    """Return the periodic evaluation in a table; an empty one is none. Raises `SchemaError`."""
    return convert(table, PeriodicEvaluation, path="evaluation") if table else None


def with_interval(table: dict[str, Any], every: int | None) -> dict[str, Any]:
    """Return the table with another interval: None keeps it, 0 turns it off."""
    if every is None:
        return table
    return table | {"every": every} if every else {}
