"""The person's own settings, `config.toml` beside their presets; there need be none."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from curricula.errors import UserError
from curricula.schema import Problem, convert_fitting
from presets import own_presets_folder

ThemeName = Literal["dark", "light", "okabe-ito", "tol"]
BoardUnit = Literal["iteration", "steps", "time"]
MAX_SMOOTHING = 0.999
"""As `smoothing` has it, which needs numpy."""


class SettingsError(UserError):
    """The settings file can't be read or written."""


class Appearance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[appearance]`: how the program looks."""

    theme: Annotated[
        ThemeName,
        Meta(description="Colours: dark or light; okabe-ito (dark) and tol (light) suit the colour-blind too"),
    ] = "dark"


class Rates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[rates]`: how often things are looked at and drawn."""

    frames_per_second: Annotated[
        int, Meta(ge=1, le=60, description="At most as many pictures a second; on a slow link, fewer by themselves")
    ] = 10


class Board(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[board]`: the charts that a task begins with; what is changed on the screen is kept for each task."""

    metrics: Annotated[
        list[str],
        Meta(description="Charts of the first page, by metric or by role (reward, kl, …); empty: the program's own"),
    ] = []
    smoothing: Annotated[
        float,
        Meta(
            ge=0,
            le=MAX_SMOOTHING,
            description="Weight of the past in the smoothed curves, 0 for none, as TensorBoard's",
        ),
    ] = 0.6
    x: Annotated[BoardUnit, Meta(description="What the x axis counts: iterations, environment steps or time")] = (
        "iteration"
    )


class Notify(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[notify]`: what happens beside a line on the screen when a person is needed."""

    bell: Annotated[bool, Meta(description="Ring the terminal's bell")] = False
    desktop: Annotated[bool, Meta(description="Ask the terminal for a desktop notification (OSC 9)")] = False


class BackendConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[backends.NAME]`: `python` is the path of an interpreter, or the words of a command that runs one."""

    python: Annotated[
        str, Meta(description="Its Python: a path, or the words of a command that runs one; empty: none of its own")
    ] = ""


class Backends(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[backends]`: those that may run in a Python of their own."""

    isaaclab: BackendConfig = BackendConfig()


class UserConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of `config.toml`."""

    appearance: Appearance = Appearance()
    rates: Rates = Rates()
    board: Board = Board()
    notify: Notify = Notify()
    keys: Annotated[
        dict[str, str],
        Meta(description="Keys by the id of what they do, several with commas; `humanoid-tui settings --keys` has ids"),
    ] = {}
    backends: Backends = Backends()


def config_file() -> Path:
    """Return where the settings lie; the file need not exist."""
    return own_presets_folder().with_name("config.toml")


def read_settings() -> tuple[UserConfig, list[Problem]]:
    """Return the person's settings and what is wrong in the file; a setting that is wrong is at its default."""
    path = config_file()
    try:
        with open(path, "rb") as file:
            return settings_from(tomllib.load(file))
    except FileNotFoundError:
        return UserConfig(), []
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return UserConfig(), [Problem("", f"{path} can't be read: {' '.join(str(error).split())}")]


def settings_from(table: Mapping[str, Any]) -> tuple[UserConfig, list[Problem]]:
    """Return the settings in a file's content, and what is wrong with the others; those are at their defaults."""
    keys = table.get("keys")
    if isinstance(keys, Mapping):
        table = {**table, "keys": _joined(keys)}
    return convert_fitting(table, UserConfig)


def _joined(table: Mapping[str, Any]) -> dict[str, Any]:
    """Join nested tables into dotted keys: TOML makes tables of an id that is written without quotes."""
    joined: dict[str, Any] = {}
    for key, value in table.items():
        inner = {f"{key}.{rest}": one for rest, one in _joined(value).items()} if isinstance(value, Mapping) else {}
        joined |= inner or {key: value}
    return joined


def read_config() -> UserConfig:
    """Return the person's settings for a program that can't do without a right `[backends]`. Raises `SettingsError`."""
    config, problems = read_settings()
    for problem in problems:
        if not problem.path:
            raise SettingsError(problem.text)
        if problem.path.startswith("backends"):
            raise SettingsError(f"{config_file()} can't be read: {problem}")
    return config


def schema() -> dict[str, Any]:
    """Return the JSON Schema of `config.toml`."""
    return msgspec.json.schema(UserConfig)
