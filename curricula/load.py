"""Make curricula from a preset's `[curriculum.<name>]` tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from curricula.curriculum import Curriculum
from curricula.curriculum_knobs import PREFIX
from curricula.errors import message_of
from curricula.growth import GrowthCurriculum, GrowthTable
from curricula.recording import RecordingCurriculum, RecordingTable
from curricula.schedule import ScheduleTable, make_schedule
from curricula.schema import SchemaError, convert
from curricula.staged import StagedCurriculum, StagedTable
from curricula.tasks import TasksCurriculum, TasksTable
from curricula.terrain import TerrainCurriculum, TerrainTable
from curricula.values import numbers_problem
from curricula.velocity import VelocityCurriculum, VelocityTable

KINDS: dict[str, tuple[type[msgspec.Struct], Callable[[str, Any], Curriculum]]] = {
    "velocity": (VelocityTable, VelocityCurriculum),
    "terrain": (TerrainTable, TerrainCurriculum),
    "staged": (StagedTable, StagedCurriculum),
    "growth": (GrowthTable, GrowthCurriculum),
    "tasks": (TasksTable, TasksCurriculum),
    "schedule": (ScheduleTable, make_schedule),
    "recording": (RecordingTable, RecordingCurriculum),
}
"""The table of each `kind`, and the constructor of its curriculum."""


def make_curricula(tables: Mapping[str, Mapping[str, Any]]) -> list[Curriculum]:
    """Return the curricula of `tables` by name, in their order.

    Raises `SchemaError` if a table does not fit, or if two curricula own the same knob.
    """
    made = [_make(name, table) for name, table in tables.items()]
    owners: dict[str, str] = {}
    for curriculum in made:
        for knob in sorted(curriculum.knobs):
            if re.fullmatch(rf"{PREFIX}[^/]*/(level|mode)", knob):
                raise SchemaError(f"curriculum {curriculum.name} can't set {knob}: only the user sets levels and modes")
            if knob in owners:
                raise SchemaError(
                    f"curriculum {owners[knob]} and curriculum {curriculum.name} both set {knob}: a knob has one owner"
                )
            owners[knob] = curriculum.name
    return made


def _make(name: str, table: Mapping[str, Any]) -> Curriculum:
    if not re.fullmatch(r"[\w-]+", name):
        raise SchemaError(
            f"curriculum name: expected letters, digits, '_' and '-', got {name!r}; it is part of knob names"
        )
    if not isinstance(table, Mapping):
        raise SchemaError(f"curriculum {name}: expected a table, got {table!r}")
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise SchemaError(f"curriculum {name}: kind: expected one of {', '.join(KINDS)}, got {kind!r}")
    struct, make = KINDS[kind]
    try:
        _check_finite(table)
        return make(name, convert(table, struct))
    except ValueError as error:  # a `SchemaError` is one too
        raise SchemaError(f"curriculum {name}: {message_of(error)}") from error


def _check_finite(content: Any, where: str = "") -> None:
    """Raise `SchemaError` at `nan` and `inf`, which TOML allows."""
    if isinstance(content, float) and (problem := numbers_problem(where, content)):
        raise SchemaError(problem)
    for key, value in content.items() if isinstance(content, Mapping) else ():
        _check_finite(value, str(key))
    for value in content if isinstance(content, list | tuple) else ():
        _check_finite(value, where)
