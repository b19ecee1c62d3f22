"""Overrides as they are typed on a command line, `PATH=VALUE`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from typing import Any

from presets.override_path import WrongPath, split_path
from tui.session.launching.knob_values import SettingError

_OVERRIDE = re.compile(r'((?:"[^"]*"|[^"=])+)=(.+)', re.DOTALL)


def parse_overrides(texts: Iterable[str]) -> dict[str, Any]:
    """Return `PATH=VALUE` arguments as values by path. Raises `SettingError`."""
    values: dict[str, Any] = {}
    for text in texts:
        match = _OVERRIDE.fullmatch(text)
        if match is None:
            raise SettingError(f"{text} is not PATH=VALUE, such as env.episode_length_s=10")
        path = match[1].strip()
        try:
            split_path(path)
        except WrongPath as error:
            raise SettingError(str(error)) from error
        if path in values:
            raise SettingError(f"{path} is named twice: say which value is meant")
        values[path] = parse_override_value(match[2])
    return values


def parse_override_value(text: str) -> Any:
    """Return what `text` means as TOML: `10.0`, `true`, `[64, 64]`, `"a = b"`; other words are themselves."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text.strip()
    value = parsed["value"]
    is_plain = len(parsed) == 1 and isinstance(value, str | bool | int | float | list | dict)  # a date is a word too
    return value if is_plain else text.strip()
