"""The person's own settings, `config.toml` beside their presets; there need be none."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from presets import own_presets_folder


class ConfigProblem(Exception):
    """The settings can't be read; the message is one line."""


class BackendConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[backends.NAME]`: `python` is the path of an interpreter, or the words of a command that runs one."""

    python: str = ""


class Backends(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[backends]`: those that may run in a Python of their own."""

    isaaclab: BackendConfig = BackendConfig()


class UserConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of `config.toml`."""

    backends: Backends = Backends()


def config_file() -> Path:
    """Return where the settings lie; the file need not exist."""
    return own_presets_folder().with_name("config.toml")


def read_config() -> UserConfig:
    """Return the person's settings. Raises `ConfigProblem`."""
    path = config_file()
    try:
        with open(path, "rb") as file:
            return msgspec.convert(tomllib.load(file), UserConfig)
    except FileNotFoundError:
        return UserConfig()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigProblem(f"{path} can't be read: {' '.join(str(error).split())}") from error
