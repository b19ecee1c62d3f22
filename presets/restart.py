"""How often a failed training is started again by itself: a preset's `[restart]` table."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from curricula.schema import convert


class Restart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A training that has failed continues from its newest checkpoint, never twice for one error at one iteration."""

    times: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    """Largest number of restarts."""


def read_restart(table: dict[str, Any]) -> Restart | None:
    """Return the restarts in a table; an empty one is none. Raises `SchemaError`."""
    return convert(table, Restart, path="restart") if table else None
