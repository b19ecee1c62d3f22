"""Which Isaac Lab is installed, told without importing it: 2.x can't be imported before Isaac Sim runs."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from trainer_proc.simulators.base import BackendError

_ONLY_IN_3 = "app/sim_launcher.py"
"""Part of Isaac Lab 3's package; version numbers differ between its releases and its sources."""


def check_version() -> None:
    """Raise `BackendError` if Isaac Lab is an older one than 3, `ModuleNotFoundError` if it isn't there."""
    package = importlib.util.find_spec("isaaclab")
    if package is None:
        raise ModuleNotFoundError("No module named 'isaaclab'", name="isaaclab")
    folders = package.submodule_search_locations or []
    if not any((Path(folder) / _ONLY_IN_3).is_file() for folder in folders):
        raise BackendError(
            "Isaac Lab 2.x: it trains with rsl-rl 3, which can't be steered, and needs Isaac Sim to be imported; "
            "install Isaac Lab 3 in an environment of its own (Python 3.12), which takes the same task ids"
        )
