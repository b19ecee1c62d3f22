"""Installed and missing packages of each backend, with install commands."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from curricula.schema import Problem
from trainer_proc.contract.install import install_command, isaaclab_command
from tui.session.backends.asset_server import is_reachable
from tui.session.backends.devices import list_devices
from tui.session.backends.environment import BackendMissing, LaunchError, config_line, isaaclab_python
from tui.session.backends.isaaclab_python import IsaacLabPython
from tui.session.program_log import log_file
from tui.session.settings.config import UserConfig, config_file, read_settings

_MJLAB_PACKAGES = ("mjlab", "rsl-rl-lib", "torch", "warp-lang", "tensorboard", "onnx", "onnxruntime", "onnxscript")
_ISAACLAB_PACKAGES = (
    *("isaaclab", "isaacsim", "newton", "rsl-rl-lib", "torch", "warp-lang", "tensorboard", "rl-games", "skrl"),
    *("onnx", "onnxruntime", "onnxscript"),
)
_EULA = "OMNI_KIT_ACCEPT_EULA"
_GIB = 1024**3


class BackendReport(msgspec.Struct, frozen=True):
    """One backend with its Python; `interpreter` and `python` are empty without one."""

    name: str
    interpreter: str = ""
    """Path or command."""
    python: str = ""
    """Version."""
    packages: dict[str, str | None] = {}
    """Versions by package; None if missing."""
    problem: str = ""
    """One line; empty if there is none."""
    install: list[str] = []
    """Lines that install what is missing. That need not be a problem: one backend is enough."""


class IsaacSimReport(msgspec.Struct, frozen=True):
    """Isaac Sim and assets of Isaac Lab's Python."""

    version: str
    """Empty without Isaac Sim; "unknown" if it does not report one."""
    eula_accepted: bool
    """Whether an environment variable accepts its licence."""
    asset_root: str
    """A folder or a URL; empty if unknown."""
    assets_reachable: bool | None
    """None if unknown."""


class Report(msgspec.Struct, frozen=True):
    """Report of `humanoid-tui doctor`; `isaac_sim` is None without Isaac Lab.

    `log` is the program's own log file. `settings` is the settings file, `settings_problems` are its errors,
    one line each.
    """

    devices: list[str]
    backends: list[BackendReport]
    isaac_sim: IsaacSimReport | None
    log_root: str
    log_root_writable: bool
    disk_free_gib: float
    log: str = ""
    settings: str = ""
    settings_problems: list[str] = []

    @property
    def is_healthy(self) -> bool:
        """Whether trainings can start and the settings are valid."""
        is_whole = self.log_root_writable and not self.settings_problems
        return is_whole and not any(backend.problem for backend in self.backends)


def examine(log_root: Path, key_problems: Callable[[UserConfig], list[Problem]]) -> Report:
    """Examine this machine without importing the packages it reports; takes some seconds with Isaac Lab.

    `key_problems` checks the user's keys, if there are any.
    """
    existing = next(path for path in (log_root.resolve(), *log_root.resolve().parents) if path.exists())
    isaaclab, python = _isaaclab()
    config, problems = read_settings()
    if config.keys:
        problems += key_problems(config)
    return Report(
        devices=[str(device) for device in list_devices()],
        backends=[_mjlab(is_needed=python is None or bool(isaaclab.problem)), isaaclab],
        isaac_sim=None if python is None or "isaaclab" in python.found.missing else _isaac_sim(python),
        log_root=str(log_root.resolve()),
        log_root_writable=os.access(existing, os.W_OK | os.X_OK),
        disk_free_gib=shutil.disk_usage(existing).free / _GIB,
        log=str(log_file()),
        settings=str(config_file()),
        settings_problems=[str(problem) for problem in problems],
    )


def _mjlab(is_needed: bool) -> BackendReport:
    packages = {package: _version(package) for package in _MJLAB_PACKAGES}
    missing = [package for package, version in packages.items() if version is None]
    return BackendReport(
        "mjlab",
        sys.executable,
        platform.python_version(),
        packages,
        problem=f"{', '.join(missing)} missing" if missing and is_needed else "",
        install=[install_command("mjlab", "export")] if missing else [],
    )


def _isaaclab() -> tuple[BackendReport, IsaacLabPython | None]:
    try:
        python = isaaclab_python()
    except BackendMissing:
        install = [isaaclab_command(), f"and, in {config_file()}:", config_line()]
        return BackendReport("isaaclab", install=install), None
    except LaunchError as error:
        return BackendReport("isaaclab", problem=str(error)), None
    found = python.found
    packages = {package: found.versions[package] for package in _ISAACLAB_PACKAGES}
    problem = python.problem or python.export_problem
    return BackendReport("isaaclab", python.name, found.python, packages, problem), python


def _isaac_sim(python: IsaacLabPython) -> IsaacSimReport:
    root = python.found.asset_root
    accepted = os.environ.get(_EULA, "").upper() in ("Y", "YES", "1")
    return IsaacSimReport(python.found.isaac_sim, accepted, root, is_reachable(root))


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
