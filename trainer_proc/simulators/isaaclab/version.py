"""Check the version of Isaac Lab without importing it: 2.x can't be imported before Isaac Sim runs."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from trainer_proc.simulators.base import BackendError

_ONLY_IN_3 = "app/sim_launcher.py"
"""A file of Isaac Lab 3 only; version numbers differ between releases and sources."""


def check_version() -> None:
    """Raise `BackendError` for an Isaac Lab older than 3, `ModuleNotFoundError` if there is none."""
    package = importlib.util.find_spec("isaaclab")
    if package is None:
        raise ModuleNotFoundError("No module named 'isaaclab'", name="isaaclab")
    folders = package.submodule_search_locations or []
    if not any((Path(folder) / _ONLY_IN_3).is_file() for folder in folders):
        raise BackendError(
            "expected Isaac Lab 3, got 2.x, whose rsl-rl 3 can't be steered: install Isaac Lab 3 in a Python 3.12 "
            "environment; task ids stay valid"
        )
