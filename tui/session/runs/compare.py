"""Differences between runs: launch configuration, knobs and changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from trainer_proc.contract.knob import Value, value_text
from trainer_proc.contract.run_folder import RunSpec
from tui.session.interventions.change_text import origin_text
from tui.session.interventions.listing import list_interventions
from tui.session.runs.names import own_name, short_date
from tui.session.state import RunState

DifferenceKind: TypeAlias = Literal["run.toml", "knob", "intervention"]
_NEVER_EQUAL = ("name",)
"""Fields of `run.toml` that always differ."""


@dataclass(frozen=True)
class ComparedRun:
    """A run's spec and the fold of its journal."""

    name: str
    spec: RunSpec
    state: RunState


@dataclass(frozen=True)
class KnobValues:
    """Current and default value of a knob."""

    now: Value
    default: Value


@dataclass(frozen=True)
class Difference:
    """One difference. `values` has one entry a run, None if the run lacks it."""

    kind: DifferenceKind
    name: str
    values: tuple[Any, ...]

    @property
    def default(self) -> Value | None:
        """Default of a knob, if all runs with the knob share it."""
        knobs = [value for value in self.values if isinstance(value, KnobValues)]
        same = bool(knobs) and all(knob.default == knobs[0].default for knob in knobs)
        return knobs[0].default if same else None

    def short_values(self) -> list[str]:
        """Return the values as text, without a shared default."""
        is_shared = self.default is not None
        return [shown_value(v.now if is_shared and isinstance(v, KnobValues) else v) for v in self.values]


def differences(runs: Sequence[ComparedRun]) -> list[Difference]:
    """Return the differences: `run.toml`, knobs (default and current), changes."""
    return [
        *_differing("run.toml", [_flat(run.spec) for run in runs]),
        *_differing("knob", [_knobs(run.state) for run in runs]),
        *_differing("intervention", [_interventions(run.state) for run in runs]),
    ]


def distinct_names(names: Sequence[str]) -> list[str]:
    """Return the runs' names without date, or with a short date where they would be equal."""
    own = [own_name(name) for name in names]
    dated = [short_date(name) for name in names]
    for shown in (own, dated):
        if len(set(shown)) == len(shown):
            return shown
    return list(names)


def shown_value(value: Any) -> str:
    """Return a value in one line; `–` for None."""
    match value:
        case None:
            return "–"
        case KnobValues(now=now, default=default):
            return value_text(now) if now == default else f"{value_text(now)} (default {value_text(default)})"
        case bool() | int() | float():
            return value_text(value)
        case (int() | float() as low, int() | float() as high):
            return value_text((low, high))
        case list() | tuple():
            return f"[{', '.join(map(shown_value, value))}]"
        case _:
            return " ".join(str(value).split())


def _differing(kind: DifferenceKind, tables: Sequence[dict[str, Any]]) -> Iterator[Difference]:
    """Yield entries that differ between tables; those in all tables come first."""
    names = list(dict.fromkeys(name for table in tables for name in table))
    if kind == "intervention":
        names.sort(key=_iteration_of)
    else:
        names.sort(key=lambda name: not all(name in table for table in tables))
    for name in names:
        values = tuple(table.get(name) for table in tables)
        if any(value != values[0] for value in values):
            yield Difference(kind, name, values)


def _flat(spec: RunSpec) -> dict[str, Any]:
    """Return the non-empty fields of `run.toml`, flattened to paths."""
    fields: dict[str, Any] = msgspec.to_builtins(spec)
    named = {name: value for name, value in fields.items() if name not in _NEVER_EQUAL}
    return {path: value for path, value in _paths(named) if value not in ("", [], (), {})}


def _paths(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _paths(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _knobs(state: RunState) -> dict[str, KnobValues]:
    return {name: KnobValues(knob.value, knob.knob.default) for name, knob in state.knobs.items()}


def _interventions(state: RunState) -> dict[str, str]:
    """Return the texts of changes by iteration, `from iteration N`."""
    texts: dict[str, str] = {}
    for listed in reversed(list_interventions(state)):
        if listed.iteration is None or listed.state == "failed":
            continue
        by = "" if listed.origin == "person" else f" ({origin_text(listed.origin)})"
        at = f"{_AT}{listed.iteration}"
        texts[at] = "; ".join(part for part in (texts.get(at, ""), listed.what + by) if part)
    return texts


_AT = "from iteration "


def _iteration_of(name: str) -> int:
    return int(name.removeprefix(_AT))
