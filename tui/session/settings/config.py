"""The user's settings, `config.toml` beside their presets; optional."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from curricula.errors import UserError
from curricula.schema import Problem, convert_fitting
from curricula.toml_file import TomlFileError, read_toml
from presets import own_presets_folder
from trainer_proc.contract.alerts import LARGEST_SETTINGS, AlertSettings
from tui.session.settings.engines import Engines

ThemeName = Literal["dark", "light", "okabe-ito", "tol"]
BoardUnit = Literal["iteration", "steps", "time"]
MAX_SMOOTHING = 0.999
"""As `smoothing` has it, which needs numpy."""
_DAY = 86400.0
"""Longest time, in seconds."""


class SettingsError(UserError):
    """The settings file can't be read or written."""


class Appearance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[appearance]`: colours."""

    theme: Annotated[
        ThemeName,
        Meta(description="Colours: dark or light; okabe-ito (dark) and tol (light) are colour-blind safe"),
    ] = "dark"


class Rates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[rates]`: how often the screen is drawn."""

    frames_per_second: Annotated[
        int, Meta(ge=1, le=60, description="Most frames per second; fewer on a slow connection")
    ] = 10


class Board(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[board]`: initial charts of a task; changes on the screen are stored for each task."""

    metrics: Annotated[
        list[str],
        Meta(description="Charts of the first page, by metric or role (reward, kl, …); empty: the default charts"),
    ] = []
    smoothing: Annotated[
        float,
        Meta(
            ge=0,
            le=MAX_SMOOTHING,
            description="Smoothing weight of curves as in TensorBoard; 0 for none",
        ),
    ] = 0.6
    x: Annotated[BoardUnit, Meta(description="Unit of the x axis: iterations, environment steps or time")] = "iteration"


class Notify(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[notify]`: additional alerts when the user is needed."""

    bell: Annotated[bool, Meta(description="Ring the terminal's bell")] = False
    desktop: Annotated[bool, Meta(description="Ask the terminal for a desktop notification (OSC 9)")] = False


class StopTimes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[stop]`: times of `stop --force`."""

    request_seconds: Annotated[
        float, Meta(ge=0, le=_DAY, description="stop --force: time between the request and SIGTERM, in seconds")
    ] = 120.0
    terminate_seconds: Annotated[
        float, Meta(ge=0, le=_DAY, description="stop --force: time between SIGTERM and SIGKILL, in seconds")
    ] = 30.0


class Agents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[agents]`: what agents may do through `humanoid-tui mcp`."""

    confirm: Annotated[bool, Meta(description="Ask the user before each change that an agent requests")] = True
    confirm_seconds: Annotated[
        float, Meta(ge=1, le=3600, description="Time for the answer, in seconds; without one, the request is refused")
    ] = 120.0
    changes_per_minute: Annotated[
        int, Meta(ge=1, le=600, description="Most changes by agents that a run takes in a minute")
    ] = 6
    requests_per_minute: Annotated[
        int, Meta(ge=1, le=6000, description="Most requests for changes that an agent may make in a minute")
    ] = 60


class Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[wire]`: how dashboards reach trainings."""

    tcp: Annotated[
        bool, Meta(description="Let your own programs on other machines reach trainings, by TCP with keys")
    ] = False


class PopulationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[population]`: copies between the members of a population."""

    confirm: Annotated[bool, Meta(description="Ask the user before a member of a population is replaced")] = False
    confirm_seconds: Annotated[
        float, Meta(ge=1, le=_DAY, description="Time for a veto, in seconds; without one, the member is replaced")
    ] = 120.0


class BackendConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[backends.NAME]`: `python` is the path of an interpreter, or a command that runs one."""

    python: Annotated[
        str, Meta(description="Its Python: a path, or a command that runs one; empty: the dashboard's")
    ] = ""


class Backends(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[backends]`: backends with their own Python."""

    isaaclab: BackendConfig = BackendConfig()


class HostConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[hosts.NAME]`: another machine, reached by OpenSSH."""

    destination: Annotated[
        str, Meta(description="Destination of ssh: user@host, or a name in its own config file; empty: NAME")
    ] = ""
    command: Annotated[
        str, Meta(description="Command that runs the program there, in the words of its shell", min_length=1)
    ] = "humanoid-tui"
    folder: Annotated[
        str, Meta(description="Folder in which it runs there, whose logs/rsl_rl it lists; empty: the home folder")
    ] = ""


class UserConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of `config.toml`."""

    appearance: Appearance = Appearance()
    rates: Rates = Rates()
    board: Board = Board()
    notify: Notify = Notify()
    alerts: AlertSettings = AlertSettings()
    stop: StopTimes = StopTimes()
    agents: Agents = Agents()
    population: PopulationSettings = PopulationSettings()
    keys: Annotated[
        dict[str, str],
        Meta(description="Keys by action id, several with commas; `humanoid-tui settings --keys` lists the ids"),
    ] = {}
    wire: Wire = Wire()
    backends: Backends = Backends()
    engines: Engines = Engines()
    hosts: dict[str, HostConfig] = {}


def config_file() -> Path:
    """Return the settings file; it need not exist."""
    return own_presets_folder().with_name("config.toml")


def read_settings() -> tuple[UserConfig, list[Problem]]:
    """Return the user's settings and the problems of the file; invalid settings are at their defaults."""
    path = config_file()
    try:
        return settings_from(read_toml(path, LARGEST_SETTINGS))
    except FileNotFoundError:
        return UserConfig(), []
    except TomlFileError as error:
        return UserConfig(), [Problem("", str(error))]


def settings_from(table: Mapping[str, Any]) -> tuple[UserConfig, list[Problem]]:
    """Return the settings of a file's content, and its problems; invalid settings are at their defaults."""
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
    """Return the user's settings with valid `[backends]` and `[engines]`. Raises `SettingsError`."""
    config, problems = read_settings()
    for problem in problems:
        if not problem.path:
            raise SettingsError(problem.text)
        if problem.path.startswith(("backends", "engines")):
            raise SettingsError(f"{config_file()} can't be read: {problem}")
    return config


def schema() -> dict[str, Any]:
    """Return the JSON Schema of `config.toml`."""
    return msgspec.json.schema(UserConfig)
