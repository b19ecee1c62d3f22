"""Tables of a TOML file as structs; what doesn't fit is told in one line, an unknown key with the nearest."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

_T = TypeVar("_T")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>[^`]*)`(?: - at `(?P<path>[^`]*)`)?")


class SchemaProblem(ValueError):
    """A table isn't what it should be; the message is one line that says where."""


def convert(table: Mapping[str, Any], kind: type[_T]) -> _T:
    """Return `table` as a struct of type `kind`, strictly. Raises `SchemaProblem`."""
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        message = " ".join(str(error).split())
        unknown = _UNKNOWN.match(message)
        if unknown is None:
            raise SchemaProblem(_without_root(message)) from error
        where = (unknown["path"] or "$").removeprefix("$").removeprefix(".")
        names = _keys_at(msgspec.inspect.type_info(kind), where, table)
        nearest = difflib.get_close_matches(unknown["key"], names, n=1, cutoff=0.4)
        hint = f"; nearest: {nearest[0]}" if nearest else f"; there are {', '.join(names)}"
        raise SchemaProblem(f"there is no key {unknown['key']}{f' in {where}' if where else ''}{hint}") from error


def _without_root(message: str) -> str:
    return message.replace("`$.", "`").replace(" - at `$`", "")


def _keys_at(info: msgspec.inspect.Type, path: str, table: Any) -> list[str]:
    """Return the keys of the struct at `path`, msgspec's: `curriculum[...].stages[0]`."""
    for step in re.findall(r"[^.\[\]]+|\[[^\]]*\]", path):
        info = _inside(info, step)
    return [name for struct in _structs(info) for name in (field.encode_name for field in struct.fields)]


def _inside(info: msgspec.inspect.Type, step: str) -> msgspec.inspect.Type:
    if isinstance(info, msgspec.inspect.DictType):
        return info.value_type
    if isinstance(info, msgspec.inspect.ListType | msgspec.inspect.VarTupleType):
        return info.item_type
    fields = (field for struct in _structs(info) for field in struct.fields)
    return next((field.type for field in fields if field.encode_name == step), info)


def _structs(info: msgspec.inspect.Type) -> list[msgspec.inspect.StructType]:
    if isinstance(info, msgspec.inspect.UnionType):
        return [struct for option in info.types for struct in _structs(option)]
    return [info] if isinstance(info, msgspec.inspect.StructType) else []
