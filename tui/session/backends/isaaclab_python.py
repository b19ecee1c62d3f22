"""Requirements of Isaac Lab's Python for a training, and how to install what is missing."""

from __future__ import annotations

import importlib.metadata
import re
import shlex

import msgspec

from tui.session.backends.interpreter import Found

TRAINER_MODULES = {
    "isaaclab": "isaaclab",
    "isaaclab_rl": "isaaclab",
    "isaaclab_tasks": "isaaclab",
    "msgspec": "msgspec",
    "numpy": "numpy",
    "platformdirs": "platformdirs",
    "psutil": "psutil",
    "rsl_rl": "rsl-rl-lib",
    "tensorboard": "tensorboard",
    "tomli_w": "tomli-w",
    "torch": "torch",
    "warp": "warp-lang",
    "zmq": "pyzmq",
}
"""Modules of a trainer, with their packages."""
EXPORT_MODULES = {"onnx": "onnx", "onnxruntime": "onnxruntime", "onnxscript": "onnxscript"}
"""Additional modules of an export, with their packages."""
OPTIONAL_PACKAGES = ("isaacsim", "newton", "rl-games", "skrl")
"""Packages of some trainings."""

_PACKAGES = TRAINER_MODULES | EXPORT_MODULES
_OLDEST_PYTHON = (3, 11)
_PYTHON_OF_ISAACLAB_3 = (3, 12)
_OLDEST_RSL_RL = (5, 4)


class IsaacLabPython(msgspec.Struct, frozen=True):
    """A Python for Isaac Lab: command, additional environment variables, and packages."""

    command: list[str]
    variables: dict[str, str]
    found: Found

    @property
    def name(self) -> str:
        return shlex.join(self.command)

    @property
    def problem(self) -> str:
        """One line on why it can't train and what to do; empty if it can."""
        if self.found.python_version < _OLDEST_PYTHON:
            return f"{self.name} is Python {self.found.python}: the trainer needs {_text(_OLDEST_PYTHON)} or newer"
        if "isaaclab" in self.found.missing and self.found.python_version != _PYTHON_OF_ISAACLAB_3:
            needed = _text(_PYTHON_OF_ISAACLAB_3)
            return f"{self.name} is Python {self.found.python} without Isaac Lab, which needs Python {needed}"
        if lacking := self._lacking(TRAINER_MODULES):
            return lacking
        version = self.found.versions.get("rsl-rl-lib")
        if version is not None and _numbers(version) < _OLDEST_RSL_RL:
            needed = f"{_text(_OLDEST_RSL_RL)} or newer, as in Isaac Lab 3"
            return f"{self.name} has rsl-rl-lib {version}: the trainer needs {needed}"
        return ""

    @property
    def export_problem(self) -> str:
        """One line on why it can't export and what to do; empty if it can."""
        return self._lacking(EXPORT_MODULES)

    def _lacking(self, modules: dict[str, str]) -> str:
        missing = [module for module in self.found.missing if module in modules]
        return f"{self.name} lacks {', '.join(missing)}: {self._install_command(missing)}" if missing else ""

    def _install_command(self, missing: list[str]) -> str:
        if "isaaclab" not in missing and {"isaaclab_rl", "isaaclab_tasks"}.intersection(missing):
            return "run isaaclab.sh --install of that Isaac Lab"
        packages = " ".join(dict.fromkeys(_pinned(_PACKAGES[module]) for module in missing))
        if self.found.has_pip:
            return f"{self.name} -m pip install {packages}"
        return f"uv pip install -p {shlex.quote(self.found.executable)} {packages}"


def _pinned(package: str) -> str:
    """Return `package` with the version that this program pins, if it does."""
    try:
        requirements = importlib.metadata.requires("humanoid-tui") or []
    except importlib.metadata.PackageNotFoundError:  # run from a folder
        return package
    for requirement in requirements:
        pin, _, condition = requirement.partition(";")
        extra = re.search(r"extra == '(\w+)'", condition)
        if pin.strip().startswith(f"{package}==") and (extra is None or extra.group(1) in ("isaaclab", "export")):
            return pin.strip()
    return package


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
