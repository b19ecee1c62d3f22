"""Which curriculum of a run owns a knob."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curricula.load import make_curricula
from curricula.schema import SchemaError


def owners_of(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the owner's name by knob; none if this version does not know one of the curricula."""
    try:
        return {knob: one.name for one in make_curricula(tables) for knob in one.knobs}
    except SchemaError:
        return {}
