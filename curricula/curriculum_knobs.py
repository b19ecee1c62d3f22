"""Curricula's own knobs, `curriculum/<name>/…`: known before the environment is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from curricula.curriculum import Curriculum
from curricula.errors import suggestion
from curricula.schema import SchemaError
from curricula.values import Value

PREFIX = "curriculum/"


def curriculum_knob(curriculum: str, part: str) -> str:
    """Return the name of a curriculum's knob `part`: a limit, `level` or `mode`."""
    return f"{PREFIX}{curriculum}/{part}"


def level_knob(curriculum: str) -> str:
    return curriculum_knob(curriculum, "level")


def mode_knob(curriculum: str) -> str:
    return curriculum_knob(curriculum, "mode")


def check_curriculum_knobs(values: Mapping[str, Value], curricula: Sequence[Curriculum]) -> None:
    """Raise `SchemaError` if `values` or a curriculum name a curriculum's knob, or a level, that does not exist."""
    tops: dict[str, int | None] = {}
    for curriculum in curricula:
        tops |= {level_knob(curriculum.name): curriculum.top, mode_knob(curriculum.name): None}
        tops |= {curriculum_knob(curriculum.name, limit): None for limit in curriculum.limits}
    named = {knob for curriculum in curricula for knob in curriculum.named}
    for knob in sorted(name for name in {*values, *named} if name.startswith(PREFIX)):
        if knob not in tops:
            raise SchemaError(f"no such knob: {knob}{suggestion(knob, tops, count=1, cutoff=0.6)}")
        top, level = tops[knob], values.get(knob)
        if top is not None and level is not None and level not in range(top + 1):
            raise SchemaError(f"{knob}: expected a whole number from 0 to {top}, got {level}")
