"""Which Python trains a backend: the dashboard's own, or the one of an Isaac Lab that the person has."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from curricula.errors import UserError
from presets.preset import BACKENDS
from tui.session.backends.assets import asset_environment
from tui.session.backends.interpreter import InterpreterError, ask_interpreter, command_words
from tui.session.backends.isaaclab_python import EXPORT_MODULES, OPTIONAL_PACKAGES, TRAINER_MODULES, IsaacLabPython
from tui.session.backends.light_core import light_core
from tui.session.settings.config import SettingsError, UserConfig, config_file, read_config

_OWN_FOLDER = ".venv-isaaclab"
"""Isaac Lab's own environment where this program is developed; mjlab needs other versions of the same packages."""
_PATIENCE_SECONDS = 30.0
"""How long a Python may take to start; `isaaclab.sh -p` on a cold disk takes some of it."""


class LaunchError(UserError):
    """The training can't be started; the message is one line that says what to do."""


class BackendMissing(LaunchError):
    """Nobody has installed this backend; the message is one line that says how to get it."""


def backend_command(
    backend: str, config: UserConfig | None = None, timeout_seconds: float = _PATIENCE_SECONDS
) -> tuple[list[str], dict[str, str]]:
    """Return the command of the Python that trains `backend`, and the environment variables it needs in addition.

    Isaac Lab's Python is asked first what it has, which takes as long as it takes to start; `config` is the person's
    own unless given. Raises `LaunchError`.
    """
    if backend not in BACKENDS:
        raise LaunchError(f"no such backend: {backend}; there are {', '.join(BACKENDS)}")
    if backend == "isaaclab":
        python = isaaclab_python(config, timeout_seconds)
        if python.problem:
            raise LaunchError(python.problem)
        return python.command, python.variables
    if importlib.util.find_spec(backend) is None:
        raise BackendMissing(f"backend {backend} is not installed: {install_command(backend)}")
    return [sys.executable], {}


def isaaclab_python(config: UserConfig | None = None, timeout_seconds: float = _PATIENCE_SECONDS) -> IsaacLabPython:
    """Return the Python that Isaac Lab shall run in, asked what it has. Raises `LaunchError`."""
    try:
        text = (read_config() if config is None else config).backends.isaaclab.python.strip()
    except SettingsError as problem:
        raise LaunchError(str(problem)) from problem
    if not text and importlib.util.find_spec("isaaclab") is None:
        raise BackendMissing(
            f"backend isaaclab is not installed: {install_command('isaaclab')}, and then {config_line()} in "
            f"{config_file()}; or write there the Python of an Isaac Lab that you have"
        )
    packages = (*TRAINER_MODULES.values(), *EXPORT_MODULES.values(), *OPTIONAL_PACKAGES)
    try:
        command = command_words(text) if text else [sys.executable]
        variables = asset_environment() | (_foreign_variables() if text else {})
        found = ask_interpreter(
            command, variables, TRAINER_MODULES | EXPORT_MODULES, dict.fromkeys(packages), timeout_seconds
        )
    except InterpreterError as problem:
        where = f"[backends.isaaclab] python in {config_file()}" if text else sys.executable
        raise LaunchError(f"{where}: {text} {problem}") from problem
    except OSError as error:
        raise LaunchError(f"the trainer's modules can't be put into the cache: {error}") from error
    return IsaacLabPython(command, variables, found)


def install_command(backend: str) -> str:
    """Return what installs a backend; all extras at once, because `uv sync` removes those that it isn't told."""
    if backend == "isaaclab":
        extras = "--python 3.12 --extra isaaclab --extra export --no-group embedded"
        return f"UV_PROJECT_ENVIRONMENT={_OWN_FOLDER} uv sync {extras}"
    return f"uv sync --extra {backend} --extra export"


def config_line() -> str:
    """Return what `config.toml` needs after `install_command` was run here."""
    return f'backends.isaaclab.python = "{Path.cwd() / _OWN_FOLDER / "bin" / "python"}"'


def _foreign_variables() -> dict[str, str]:
    """Return what makes our light core importable in a Python that isn't the dashboard's, and hides our packages.

    Raises `OSError`.
    """
    paths = [str(light_core()), os.environ.get("PYTHONPATH", "")]
    variables = {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}
    if sys.prefix == sys.base_prefix:
        return variables
    own_folder = str(Path(sys.executable).parent)
    searched = os.environ.get("PATH", os.defpath).split(os.pathsep)
    variables["PATH"] = os.pathsep.join(folder for folder in searched if folder != own_folder)
    if os.environ.get("VIRTUAL_ENV") == sys.prefix:  # as `uv run` sets it; isaaclab.sh would run our Python
        variables["VIRTUAL_ENV"] = ""
    return variables
