"""Tables of a TOML file as structs; what doesn't fit is told in one line, an unknown key with the nearest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from curricula.errors import UsageError, suggestion

_T = TypeVar("_T")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>[^`]*)`(?: - at `(?P<path>[^`]*)`)?")
_SOME_KEY = re.compile(r"`\$\.(\w+)\[\.\.\.\]")
_NO_CHOICE = re.compile(r"Invalid enum value (?P<value>.*) - at `\$\.(?P<path>[^`]*)`")


class SchemaProblem(UsageError, ValueError):
    """A table isn't what it should be; the message is one line that says where."""


def convert(table: Mapping[str, Any], kind: type[_T]) -> _T:
    """Return `table` as a struct of type `kind`, strictly. Raises `SchemaProblem`."""
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        message = _with_key(_one_line(error), table, kind)
        raise SchemaProblem(_told(message, msgspec.inspect.type_info(kind))) from error


def _one_line(error: msgspec.ValidationError) -> str:
    return " ".join(str(error).split())


def _with_key(message: str, table: Mapping[str, Any], kind: type) -> str:
    """Return a message that says `bounds[...]` with the key that it is about; msgspec doesn't tell it."""
    place = _SOME_KEY.search(message)
    content: Any = table.get(place[1]) if place else None
    if place is None or not isinstance(content, Mapping | list | tuple):
        return message
    for key, entry in content.items() if isinstance(content, Mapping) else enumerate(content):
        alone, step = ({key: entry}, f".{key}") if isinstance(content, Mapping) else ([entry], f"[{key}]")
        try:
            msgspec.convert({**table, place[1]: alone}, kind)
        except msgspec.ValidationError as error:
            if _one_line(error) == message:
                return message.replace(f"{place[1]}[...]", place[1] + step, 1)
    return message


def _told(message: str, info: msgspec.inspect.Type) -> str:
    """Return msgspec's message with what is possible instead."""
    if unknown := _UNKNOWN.match(message):
        where = (unknown["path"] or "$").removeprefix("$").removeprefix(".")
        names = [field.encode_name for struct in _structs(_at(info, where)) for field in struct.fields]
        hint = suggestion(unknown["key"], names, count=1, or_all=True)
        return f"there is no key {unknown['key']}{f' in {where}' if where else ''}{hint}"
    if wrong := _NO_CHOICE.match(message):
        choices = _at(info, wrong["path"])
        if isinstance(choices, msgspec.inspect.LiteralType):
            *words, last = map(str, choices.values)
            return f"`{wrong['path']}` must be {', '.join(words)} or {last}, not {wrong['value']}"
    message = message.replace("`object`", "table").replace("`array`", "list")  # TOML's words
    return message.replace("`$.", "`").replace(" - at `$`", "")


def _at(info: msgspec.inspect.Type, path: str) -> msgspec.inspect.Type:
    """Return the type at `path`, msgspec's: `curriculum[...].stages[0]`."""
    for step in re.findall(r"[^.\[\]]+|\[[^\]]*\]", path):
        info = _inside(info, step)
    return info


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
