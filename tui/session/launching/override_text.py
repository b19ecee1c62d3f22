"""Configuration overrides from the command line, `PATH=VALUE`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from presets.override_path import OverridePathError, split_path
from presets.override_value import OverrideValueError, parse_value
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
            value = parse_value(match[2])
        except OverridePathError as error:
            raise SettingError(str(error)) from error
        except OverrideValueError as error:
            raise SettingError(f"{path}: {error}") from error
        if path in values:
            raise SettingError(f"{path} is given twice: expected one value")
        values[path] = value
    return values


def parse_override_value(text: str) -> Any:
    """Return the value of a field's text. Raises `SettingError`."""
    try:
        return parse_value(text)
    except OverrideValueError as error:
        raise SettingError(str(error)) from error
