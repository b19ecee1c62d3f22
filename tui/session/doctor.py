"""What is installed here, what is missing, and the command that installs it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
from pathlib import Path

import msgspec

from tui.session.devices import list_devices
from tui.session.launcher import install_command

_PARTS = {
    "mjlab": ("mjlab", "rsl-rl-lib", "torch", "warp-lang", "tensorboard"),
    "export": ("onnx", "onnxruntime", "onnxscript"),
}
_GIB = 1024**3


class Part(msgspec.Struct, frozen=True):
    """One of the program's parts; `install` is empty where nothing is missing."""

    name: str
    packages: dict[str, str | None]
    install: str


class Report(msgspec.Struct, frozen=True):
    """All that `humanoid-tui doctor` says."""

    python: str
    devices: list[str]
    parts: list[Part]
    log_root: str
    log_root_writable: bool
    disk_free_gib: float

    @property
    def is_healthy(self) -> bool:
        """Whether a training can be started."""
        return self.log_root_writable and not any(part.install for part in self.parts)


def examine(log_root: Path) -> Report:
    """Look at this machine; imports none of the packages it reports."""
    existing = next(path for path in (log_root.resolve(), *log_root.resolve().parents) if path.exists())
    return Report(
        python=platform.python_version(),
        devices=[str(device) for device in list_devices()],
        parts=[_part(name, packages) for name, packages in _PARTS.items()],
        log_root=str(log_root.resolve()),
        log_root_writable=os.access(existing, os.W_OK | os.X_OK),
        disk_free_gib=shutil.disk_usage(existing).free / _GIB,
    )


def _part(name: str, packages: tuple[str, ...]) -> Part:
    versions = {package: _version(package) for package in packages}
    return Part(name, versions, install_command("mjlab") if None in versions.values() else "")


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
