"""Differences between runs: launch configuration, code, versions, knobs and changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from trainer_proc.contract.code_state import CodeError, CodeState, read_code
from trainer_proc.contract.knob import Value, value_text
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.interventions.listing import list_interventions
from tui.session.state import RunState

DifferenceKind: TypeAlias = Literal["run.toml", "code", "version", "knob", "intervention"]
_NEVER_EQUAL = ("name",)
"""Fields of `run.toml` that always differ."""


@dataclass(frozen=True)
class ComparedRun:
    """A run's spec, the fold of its journal, and the code that it was started with, if that is recorded."""

    name: str
    spec: RunSpec
    state: RunState
    code: CodeState | None = None


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
    """Return the differences: `run.toml`, code, versions, knobs (default and current), changes.

    Knobs that some runs lack come last: runs of other tasks or versions have hundreds of them.
    """
    knobs = list(_differing("knob", [_knobs(run.state) for run in runs]))
    return [
        *_differing("run.toml", [_flat(run.spec) for run in runs]),
        *_differing("code", [_code(run.code) for run in runs]),
        *_differing("version", [_versions(run.code) for run in runs]),
        *(knob for knob in knobs if None not in knob.values),
        *_differing("intervention", [_interventions(run.state) for run in runs]),
        *(knob for knob in knobs if None in knob.values),
    ]


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


def recorded_code(folder: RunFolder) -> CodeState | None:
    """Return the code that a run was started with; None if it is not recorded, or can't be read."""
    with suppress(CodeError):
        return read_code(folder)
    return None


def _code(code: CodeState | None) -> dict[str, str]:
    """Return commit and branch, and the uncommitted changes by the begin of their hash."""
    if code is None:
        return {}
    changes = f"{code.changed} files ({code.diff_sha256[:8]})" if code.changed else "none"
    fields = {"commit": code.commit[:12], "branch": code.branch, "uncommitted changes": changes if code.commit else ""}
    return {name: value for name, value in fields.items() if value}


def _versions(code: CodeState | None) -> dict[str, str]:
    return {} if code is None else {f"version of {name}": version for name, version in code.versions.items()}


def _knobs(state: RunState) -> dict[str, KnobValues]:
    return {name: KnobValues(knob.value, knob.knob.default) for name, knob in state.knobs.items()}


def _interventions(state: RunState) -> dict[str, str]:
    """Return the texts of changes by iteration, `from iteration N`."""
    texts: dict[str, str] = {}
    for listed in reversed(list_interventions(state)):
        if listed.iteration is None or listed.state == "failed":
            continue
        by = "" if listed.author == "user" else f" ({listed.author})"
        at = f"{_AT}{listed.iteration}"
        texts[at] = "; ".join(part for part in (texts.get(at, ""), listed.what + by) if part)
    return texts


_AT = "from iteration "


def _iteration_of(name: str) -> int:
    return int(name.removeprefix(_AT))
