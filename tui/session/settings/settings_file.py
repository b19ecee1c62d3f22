"""The settings file as text: a commented first file, and changes of single settings."""

from __future__ import annotations

import stat
import textwrap
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any

import msgspec
import tomli_w
from msgspec import inspect

from curricula.schema import expected_text
from curricula.toml_file import TomlFileError, read_toml
from trainer_proc.contract.alerts import LARGEST_SETTINGS
from trainer_proc.contract.run_folder import write_atomically
from tui.session.settings.config import SettingsError, UserConfig, config_file

_WIDTH = 100
_NAMED = "NAME"
"""Last part of a table whose name the user chooses."""


@dataclass(frozen=True)
class SettingDescription:
    """One setting: its table and name, its default, what is expected and what it is for."""

    table: str
    name: str
    default: Any
    allowed: str
    text: str
    is_secret: bool = False
    """Whether its value is never shown."""

    @property
    def is_of_named_table(self) -> bool:
        """Whether the user chooses the last part of the table's name, and may have several."""
        return self.table.endswith(f".{_NAMED}")


def settings() -> Iterator[SettingDescription]:
    """Yield all settings, table by table, without `[keys]`, which takes any id."""
    yield from _settings_of(UserConfig, "")


def _settings_of(kind: type[msgspec.Struct], table: str) -> Iterator[SettingDescription]:
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)
    defaults = kind()
    for field in described.fields:
        if isinstance(field.type, inspect.StructType):
            yield from _settings_of(field.type.cls, f"{table}.{field.name}".lstrip("."))
        elif isinstance(field.type, inspect.DictType) and isinstance(field.type.value_type, inspect.StructType):
            yield from _settings_of(field.type.value_type.cls, f"{table}.{field.name}.{_NAMED}".lstrip("."))
        elif isinstance(field.type, inspect.Metadata) and not isinstance(field.type.type, inspect.DictType):
            text = (field.type.extra_json_schema or {})["description"]
            default = getattr(defaults, field.name)
            is_secret = bool((field.type.extra or {}).get("secret"))
            yield SettingDescription(table, field.name, default, expected_text(field.type), text, is_secret)


def first_file() -> str:
    """Return a settings file that explains all settings, commented out at their defaults."""
    parts = ["# Settings of humanoid-tui. Remove the # of a line and change its value."]
    table = ""
    for setting in settings():
        if setting.table != table:
            table = setting.table
            parts.append(f"\n{'# ' * setting.is_of_named_table}[{table}]")
        parts.append(textwrap.fill(f"{setting.text}.", _WIDTH, initial_indent="# ", subsequent_indent="# "))
        parts.append(f"# Expected: {setting.allowed}.\n# {_line(setting.name, setting.default)}")
    parts.append(
        "\n[keys]\n# Other keys, by action id; several with commas. `humanoid-tui settings --keys` lists the ids.\n"
        '# "dashboard.pause" = "P, f5"'
    )
    return "\n".join(parts) + "\n"


def with_setting(text: str, table: str, name: str, value: Any) -> str:
    """Return a settings file's text with one setting changed; comments and layout stay. Raises `SettingsError`."""
    import tomlkit  # takes 0.1 s, and is needed for a change only
    from tomlkit.exceptions import TOMLKitError

    try:
        document: MutableMapping[str, Any] = tomlkit.parse(text)
        if table not in document:
            document[table] = tomlkit.table()
        document[table][name] = value
    except (TOMLKitError, TypeError) as error:
        raise SettingsError(
            f"{config_file()} can't be changed: {' '.join(str(error).split())}",
            hint=f"write {_line(name, value)} under [{table}]",
        ) from error
    changed: str = tomlkit.dumps(document)
    return changed


def remember(table: str, name: str, value: Any) -> None:
    """Write one setting to the user's file, created if missing. Raises `SettingsError`."""
    path = config_file()
    try:
        if path.exists():
            read_toml(path, LARGEST_SETTINGS)  # its errors are those of all files
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        changed = with_setting(text, table, name, value)
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644  # with secrets, it may be 0600
        write_atomically(path.resolve(), changed.encode(), mode)  # a link stays one
    except TomlFileError as error:
        raise SettingsError(str(error)) from error
    except OSError as error:
        raise SettingsError(f"{path} can't be written: {error}") from error


def toml_value(value: Any) -> str:
    """Return a value as TOML."""
    return tomli_w.dumps({"value": value}).strip().removeprefix("value = ")


def _line(name: str, value: Any) -> str:
    return f"{name} = {toml_value(value)}"
