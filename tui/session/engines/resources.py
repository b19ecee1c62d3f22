"""What a training gets from an engine: the `engine` table of a run, from the settings and the user's options."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec

from curricula.errors import UsageError, suggestion
from curricula.schema import SchemaError, convert
from tui.session.settings.engines import RESOURCES, Engines

LOCAL = "local"
ENGINES = (LOCAL, *RESOURCES)


def engine_table(name: str, options: Sequence[str], engines: Engines, *, device: str | None = None) -> dict[str, Any]:
    """Return a run's `engine` table: the settings with `options`, each `NAME=VALUE`; empty for this machine.

    The user's `device` `cpu` asks for no GPUs, unless `options` do. Raises `UsageError`.
    """
    if name == LOCAL:
        if options:
            raise UsageError(f"--resource needs --engine {' or '.join(RESOURCES)}")
        return {}
    kind = RESOURCES[name]
    known = msgspec.json.schema_components([kind])[1][kind.__name__]["properties"]
    settings = msgspec.to_builtins(getattr(engines, name))
    given: dict[str, Any] = {field: value for field, value in settings.items() if field in known}
    if device == "cpu":
        given["gpus"] = 0
    for option in options:
        field, equals, text = option.partition("=")
        if not equals or field not in known:
            expected = f"--resource NAME=VALUE with {', '.join(known)}"
            raise UsageError(f"expected {expected}, got {option}{suggestion(field, known)}")
        given[field] = _parsed(text, known[field].get("type", ""))
    return {"name": name, **given}


def _parsed(text: str, kind: str) -> int | float | str:
    """Return a value of this kind of JSON; a text that is no number stays one, which `read_resources` refuses."""
    with suppress(ValueError):
        if kind == "integer":
            return int(text)
        if kind == "number":
            return float(text)
    return text


def read_resources(table: dict[str, Any]) -> msgspec.Struct | None:
    """Return the resources in a run's `engine` table; None for this machine. Raises `SchemaError`."""
    if not table:
        return None
    name, values = engine_of(table), {field: value for field, value in table.items() if field != "name"}
    return convert(values, RESOURCES[name], path="engine")


def engine_of(table: dict[str, Any]) -> str:
    """Return the engine that a run's `engine` table names; an empty one is `local`. Raises `SchemaError`."""
    name = table.get("name", "") if table else LOCAL
    if name not in ENGINES or (table and name == LOCAL):
        raise SchemaError(f"engine.name: expected {' or '.join(RESOURCES)}, got {name!r}")
    return str(name)
