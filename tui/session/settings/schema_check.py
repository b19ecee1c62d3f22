"""What is wrong in a file of settings, said setting by setting; those that are right count all the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from curricula.errors import suggestion

Table = TypeVar("Table", bound=msgspec.Struct)


@dataclass(frozen=True)
class SettingProblem:
    """One setting that is wrong, such as "rates.frames_per_second"; empty if the whole file is."""

    setting: str
    text: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.setting} {self.text}".strip()


def checked(table: Mapping[str, Any], kind: type[Table], name: str = "") -> tuple[Table, list[SettingProblem]]:
    """Return `table` as a `kind`, whose fields all have defaults, and what is wrong in it.

    Settings that are wrong or unknown are left at their defaults.
    """
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)
    fields = {field.encode_name: field for field in described.fields}
    values: dict[str, Any] = {}
    problems: list[SettingProblem] = []
    for key, value in table.items():
        setting = f"{name}.{key}" if name else key
        if key not in fields:
            problems.append(SettingProblem(setting, _unknown(key, fields)))
            continue
        wanted = _bare(fields[key].type)
        if isinstance(wanted, inspect.StructType) and isinstance(value, dict):
            values[key], inner = checked(value, wanted.cls, setting)
        elif isinstance(wanted, inspect.DictType) and isinstance(value, dict):
            values[key], inner = _checked_entries(value, setting)
        else:
            inner = [] if (text := _wrong(value, wanted)) is None else [SettingProblem(setting, text)]
            if not inner:
                values[key] = float(value) if isinstance(wanted, inspect.FloatType) else value
        problems += inner
    return kind(**values), problems


def allowed(kind: inspect.Type) -> str:
    """Return in words what a setting of this type takes."""
    match _bare(kind):
        case inspect.LiteralType(values=values):
            return f"one of {', '.join(str(value) for value in values)}"
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType(ge=low, le=high):
            return f"a whole number from {low} to {high}"
        case inspect.FloatType(ge=low, le=high):
            return f"a number from {low:g} to {high:g}"
        case inspect.ListType():
            return 'a list of texts, such as ["reward", "kl"]'
        case inspect.StrType():
            return 'a text in quotes ("…")'
        case _:
            return "a table"


def _checked_entries(table: Mapping[str, Any], name: str) -> tuple[dict[str, str], list[SettingProblem]]:
    """Return the texts of a table of texts; a dotted key that was written without quotes is put together again."""
    texts: dict[str, str] = {}
    problems: list[SettingProblem] = []
    for key, value in table.items():
        if isinstance(value, dict):
            inner, wrong = _checked_entries(value, f"{name}.{key}")
            texts |= {f"{key}.{rest}": text for rest, text in inner.items()}
            problems += wrong
        elif isinstance(value, str):
            texts[key] = value
        else:
            problems.append(SettingProblem(f"{name}.{key}", f'is {_shown(value)}; it takes a text in quotes ("…")'))
    return texts, problems


def _wrong(value: Any, wanted: inspect.Type) -> str | None:
    """Return what is wrong with a value, None if nothing is."""
    if isinstance(wanted, inspect.LiteralType):
        if value in wanted.values:
            return None
        return (
            f"is {_shown(value)}; it takes {allowed(wanted)}{suggestion(str(value), map(str, wanted.values), count=1)}"
        )
    is_right = {
        inspect.BoolType: isinstance(value, bool),
        inspect.IntType: isinstance(value, int) and not isinstance(value, bool),
        inspect.FloatType: isinstance(value, int | float) and not isinstance(value, bool),
        inspect.ListType: isinstance(value, list) and all(isinstance(one, str) for one in value),
        inspect.StrType: isinstance(value, str),
    }.get(type(wanted), False)
    if is_right and isinstance(wanted, inspect.IntType | inspect.FloatType):
        is_right = (wanted.ge is None or value >= wanted.ge) and (wanted.le is None or value <= wanted.le)
    return None if is_right else f"is {_shown(value)}; it takes {allowed(wanted)}"


def _unknown(key: str, fields: Mapping[str, object]) -> str:
    return f"is no setting{suggestion(key, fields, count=1, cutoff=0.5, or_all=True)}"


def _bare(kind: inspect.Type) -> inspect.Type:
    return kind.type if isinstance(kind, inspect.Metadata) else kind


def _shown(value: Any) -> str:
    """Return a value as TOML has it, in at most 40 characters."""
    text = str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
