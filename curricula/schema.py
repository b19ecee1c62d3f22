"""Check the tables of a TOML file against a struct: settings, presets, curricula and `run.toml` all use this.

msgspec decides what fits; on a mismatch, this module walks the struct's types and reports each problem with its path.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from curricula.errors import UsageError, message_of, suggestion

_T = TypeVar("_T")
Step = str | int
Path = tuple[Step, ...]
_MOST_SHOWN = 40
"""Characters of a wrong value in a message."""


@dataclass(frozen=True)
class Problem:
    """One thing that does not fit. `path` is such as "rates.frames_per_second"; empty for the whole file."""

    path: str
    text: str

    def __str__(self) -> str:
        return " ".join((f"{self.path}: {self.text}" if self.path else self.text).split())


class SchemaError(UsageError, ValueError):
    """A table does not fit; the message is one line with the first problem. `problems` are all of them."""

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


def convert(value: Any, kind: type[_T], path: str = "") -> _T:
    """Return `value`, most often a table, as `kind`. Raises `SchemaError` if anything in it does not fit.

    Messages name what is wrong by its path below `path`.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        problems = tuple(_shown_problem(one, path) for one in _mismatches(value, inspect.type_info(kind), ()))
        if not problems:  # only msgspec knows of it
            raise SchemaError(str(Problem(path, message_of(error)))) from error
        others = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise SchemaError(f"{problems[0]}{others}", problems) from error


def convert_fitting(table: Mapping[str, Any], kind: type[_T]) -> tuple[_T, list[Problem]]:
    """Return what fits of `table` as a struct of type `kind`, whose fields all have defaults, and all problems.

    Values that do not fit are left at their defaults.
    """
    mismatches = list(_mismatches(table, inspect.type_info(kind), ()))
    remaining = _without(table, {_named_part(one.path) for one in mismatches})
    return msgspec.convert(remaining, kind), [_shown_problem(one) for one in mismatches]


def expected_text(kind: inspect.Type) -> str:
    """Return in words what a value of this type must be."""
    match kind:
        case inspect.Metadata(type=inner):
            return _title_of(kind) or expected_text(inner)
        case inspect.LiteralType(values=values):
            return f"one of {', '.join(map(str, values))}"
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return f"a whole number{_bounds_text(kind)}"
        case inspect.FloatType():
            return f"a number{_bounds_text(kind)}"
        case inspect.StrType(min_length=least):
            return "a text that is not empty" if least else 'a text in quotes ("…")'
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            return f"a list of {_plural(item)}"
        case inspect.TupleType(item_types=items):
            return f"a list of {len(items)} {_plural(items[0])}"
        case inspect.UnionType(types=options):
            texts = [expected_text(option) for option in options if not isinstance(option, inspect.NoneType)]
            return " or ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))
        case _:
            return "a table"


@dataclass(frozen=True)
class _Mismatch:
    path: Path
    text: str


def _mismatches(value: Any, kind: inspect.Type, path: Path) -> Iterator[_Mismatch]:
    """Yield everything in `value`, which is at `path`, that does not fit `kind`."""
    match kind:
        case inspect.Metadata(type=inner):
            found = list(_mismatches(value, inner, path))
            title = _title_of(kind)
            yield from [_mismatch(path, title, value)] if title and found else found
        case inspect.StructType() if isinstance(value, Mapping):
            yield from _struct_mismatches(value, kind, path)
        case inspect.DictType(key_type=key_type, value_type=value_type) if isinstance(value, Mapping):
            for key, entry in value.items():
                for wrong in _mismatches(key, key_type, (*path, key)):
                    yield _Mismatch((*path, key), f"the key: {wrong.text}")
                yield from _mismatches(entry, value_type, (*path, key))
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item) if isinstance(value, list | tuple):
            for index, entry in enumerate(value):
                yield from _mismatches(entry, item, (*path, index))
        case inspect.TupleType(item_types=items) if isinstance(value, list | tuple) and len(value) == len(items):
            for index, (entry, item) in enumerate(zip(value, items, strict=True)):
                yield from _mismatches(entry, item, (*path, index))
        case inspect.UnionType(types=options):
            yield from _union_mismatches(value, kind, options, path)
        case _:
            if not _fits(value, kind):
                yield _mismatch(path, expected_text(kind), value, _choices(kind))


def _struct_mismatches(table: Mapping[str, Any], kind: inspect.StructType, path: Path) -> Iterator[_Mismatch]:
    fields = {field.encode_name: field for field in kind.fields}
    for key, value in table.items():
        if key in fields:
            yield from _mismatches(value, fields[key].type, (*path, key))
        elif kind.forbid_unknown_fields and key != kind.tag_field:
            yield _Mismatch((*path, key), f"no such key{suggestion(str(key), fields, count=1, or_all=True)}")
    for name, field in fields.items():
        if field.required and name not in table:
            yield _Mismatch((*path, name), f"expected {expected_text(field.type)}, got nothing")


def _union_mismatches(
    value: Any, kind: inspect.Type, options: tuple[inspect.Type, ...], path: Path
) -> Iterator[_Mismatch]:
    """Yield nothing if an option fits; the problems of the only option of the value's shape; or one of the whole."""
    by_option = [list(_mismatches(value, option, path)) for option in options]
    if all(by_option):
        inside = [found for found in by_option if any(one.path != path for one in found)]
        yield from inside[0] if len(inside) == 1 else [_mismatch(path, expected_text(kind), value)]


def _fits(value: Any, kind: inspect.Type) -> bool:
    """Tell whether a value without parts fits a type, as msgspec's strict conversion decides."""
    match kind:
        case inspect.AnyType():
            return True
        case inspect.NoneType():
            return value is None
        case inspect.LiteralType(values=values):
            return any(value == one and isinstance(value, type(one)) for one in values)
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.IntType():
            return isinstance(value, int) and not isinstance(value, bool) and _within(value, kind)
        case inspect.FloatType():
            return _is_float(value) and _within(value, kind)
        case inspect.StrType(min_length=least, pattern=pattern):
            return isinstance(value, str) and len(value) >= (least or 0) and bool(re.search(pattern or "", value))
        case _:
            return False


def _is_float(value: Any) -> bool:
    """Tell whether `value` is a float, or a whole number that a float can hold."""
    is_whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    return isinstance(value, float) or is_whole


def _within(value: float, kind: inspect.IntType | inspect.FloatType) -> bool:
    return (
        (kind.ge is None or value >= kind.ge)
        and (kind.gt is None or value > kind.gt)
        and (kind.le is None or value <= kind.le)
        and (kind.lt is None or value < kind.lt)
    )


def _mismatch(path: Path, expected: str, value: Any, choices: tuple[str, ...] = ()) -> _Mismatch:
    hint = suggestion(value, choices, count=1) if isinstance(value, str) else ""
    return _Mismatch(path, f"expected {expected}, got {value_shown(value)}{hint}")


def _choices(kind: inspect.Type) -> tuple[str, ...]:
    return tuple(map(str, kind.values)) if isinstance(kind, inspect.LiteralType) else ()


def _title_of(kind: inspect.Metadata) -> str:
    """Return the `title` of `msgspec.Meta`, which says in words what a pattern means."""
    return str((kind.extra_json_schema or {}).get("title", ""))


def _bounds_text(kind: inspect.IntType | inspect.FloatType) -> str:
    if kind.ge is not None and kind.le is not None:
        return f" from {kind.ge} to {kind.le}"
    bounds = (("of at least", kind.ge), ("of at most", kind.le), ("above", kind.gt), ("below", kind.lt))
    texts = [f"{words} {bound}" for words, bound in bounds if bound is not None]
    return f" {' and '.join(texts)}" if texts else ""


def _plural(kind: inspect.Type) -> str:
    match kind:
        case inspect.Metadata(type=inner):
            return _plural(inner)
        case inspect.StrType():
            return "texts"
        case inspect.IntType() | inspect.FloatType():
            return "numbers"
        case inspect.ListType() | inspect.TupleType() | inspect.VarTupleType():
            return "lists"
        case _:
            return "tables"


def value_shown(value: Any) -> str:
    """Return a value as TOML has it, in at most 40 characters."""
    if value is None:
        return "nothing"
    text = str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 1]}…"


def _shown_problem(mismatch: _Mismatch, path: str = "") -> Problem:
    for step in mismatch.path:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    return Problem(path, mismatch.text)


def _named_part(path: Path) -> Path:
    """Return a path up to its first list: what is wrong in a list makes the whole list wrong."""
    return path[: next((at for at, step in enumerate(path) if isinstance(step, int)), len(path))]


def _without(table: Mapping[str, Any], paths: set[Path], at: Path = ()) -> dict[str, Any]:
    """Return a table without the entries at `paths`."""
    return {
        key: _without(value, paths, (*at, key)) if isinstance(value, Mapping) else value
        for key, value in table.items()
        if (*at, key) not in paths
    }
