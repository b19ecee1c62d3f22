"""Which checkpoints of a training stay on disk: a preset's `[checkpoints]` table."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from curricula.schema import convert

_Number = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]


class Retention(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The rules of which each keeps checkpoints; those that no rule keeps are deleted."""

    newest: _Number
    """This many of the newest are kept."""
    every: _Number | None = None
    """Those of iterations divisible by this are kept."""
    best: bool = True
    """The one with the best evaluation is kept under its number too, beside `model_best.pt`."""
    before_changes: bool = True
    """The newest before each change by the user is kept."""


def read_retention(table: dict[str, Any]) -> Retention | None:
    """Return the retention in a table; an empty one is none: all are kept. Raises `SchemaError`."""
    return convert(table, Retention, path="checkpoints") if table else None
