"""Configuration overrides from the command line, `PATH=VALUE`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from typing import Any

from presets.override_path import OverridePathError, split_path
from tui.session.launching.knob_values import SettingError

_OVERRIDE = re.compile(r'((?:"[^"]*"|[^"=])+)=(.+)', re.DOTALL)


def parse_overrides(texts: Iterable[str]) -> dict[str, Any]:
    """Return `PATH=VALUE` arguments as values by path. Raises `SettingError`."""
    values: dict[str, Any] = {}
    for text in texts:
        match = _OVERRIDE.fullmatch(text)
        if match is None:
            raise SettingError(f"expected PATH=VALUE such as env.episode_length_s=10, got {text}")
        path = match[1].strip()
        try:
            split_path(path)
        except OverridePathError as error:
            raise SettingError(str(error)) from error
        if path in values:
            raise SettingError(f"{path} is given twice: expected one value")
        values[path] = parse_override_value(match[2])
    return values


def parse_override_value(text: str) -> Any:
    """Parse `text` as TOML: `10.0`, `true`, `[64, 64]`, `"a = b"`; other text stays a string."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text.strip()
    value = parsed["value"]
    is_plain = len(parsed) == 1 and isinstance(value, str | bool | int | float | list | dict)  # a date stays text
    return value if is_plain else text.strip()
