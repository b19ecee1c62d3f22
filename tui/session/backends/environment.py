"""The Python that trains a backend: the dashboard's, or that of the user's Isaac Lab."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from curricula.errors import UserError
from presets.preset import BACKENDS
from trainer_proc.contract.install import install_command, isaaclab_command, isaaclab_folder
from tui.session.backends.assets import asset_environment
from tui.session.backends.interpreter import InterpreterError, ask_interpreter, command_words
from tui.session.backends.isaaclab_python import EXPORT_MODULES, OPTIONAL_PACKAGES, TRAINER_MODULES, IsaacLabPython
from tui.session.backends.light_core import light_core
from tui.session.settings.config import SettingsError, UserConfig, config_file, read_config

_PATIENCE_SECONDS = 30.0
"""Start-up limit of a Python; `isaaclab.sh -p` on a cold disk is slow."""


class LaunchError(UserError):
    """The training can't be started."""


class BackendMissing(LaunchError):
    """The backend is not installed."""


def backend_command(
    backend: str, config: UserConfig | None = None, timeout_seconds: float = _PATIENCE_SECONDS
) -> tuple[list[str], dict[str, str]]:
    """Return the command of the Python that trains `backend`, and its additional environment variables.

    Isaac Lab's Python is started to report its packages. `config` defaults to the user's settings. Raises
    `LaunchError`.
    """
    if backend not in BACKENDS:
        raise LaunchError(f"no such backend: {backend}; there are {', '.join(BACKENDS)}")
    if backend == "isaaclab":
        python = isaaclab_python(config, timeout_seconds)
        if python.problem:
            raise LaunchError(python.problem)
        return python.command, python.variables
    if importlib.util.find_spec(backend) is None:
        raise BackendMissing(f"backend {backend} is not installed: {install_command(backend, 'export')}")
    return [sys.executable], {}


def isaaclab_python(config: UserConfig | None = None, timeout_seconds: float = _PATIENCE_SECONDS) -> IsaacLabPython:
    """Return Isaac Lab's Python with its packages. Raises `LaunchError`."""
    try:
        text = (read_config() if config is None else config).backends.isaaclab.python.strip()
    except SettingsError as problem:
        raise LaunchError(str(problem)) from problem
    if not text and importlib.util.find_spec("isaaclab") is None:
        raise BackendMissing(
            f"backend isaaclab is not installed: {isaaclab_command()}, then write {config_line()} in "
            f"{config_file()}; or write the Python of your own Isaac Lab there"
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
        raise LaunchError(f"the trainer's modules can't be cached: {error}") from error
    return IsaacLabPython(command, variables, found)


def config_line() -> str:
    """Return the line for `config.toml` after `isaaclab_command` has made an environment."""
    return f'backends.isaaclab.python = "{isaaclab_folder() / "bin" / "python"}"'


def _foreign_variables() -> dict[str, str]:
    """Return the variables that make the light core importable in another Python, and hide the dashboard's packages.

    Raises `OSError`.
    """
    paths = [str(light_core()), os.environ.get("PYTHONPATH", "")]
    variables = {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}
    if sys.prefix == sys.base_prefix:
        return variables
    own_folder = str(Path(sys.executable).parent)
    searched = os.environ.get("PATH", os.defpath).split(os.pathsep)
    variables["PATH"] = os.pathsep.join(folder for folder in searched if folder != own_folder)
    if os.environ.get("VIRTUAL_ENV") == sys.prefix:  # set by `uv run`; isaaclab.sh would run the dashboard's Python
        variables["VIRTUAL_ENV"] = ""
    return variables
