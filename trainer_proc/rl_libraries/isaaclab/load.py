"""Loads the training library of an Isaac Lab task."""

from __future__ import annotations

import importlib
from typing import cast

from trainer_proc.simulators.base import BackendError, TrainingLibrary

_EXTRAS = {"rsl_rl": "isaaclab", "rl_games": "isaaclab --extra rl-games", "skrl": "isaaclab --extra skrl"}
"""This program's extras that install each library."""


def load_library(name: str) -> TrainingLibrary:
    """Return the module of `rsl_rl`, `rl_games` or `skrl`. Raises `BackendError` if that is not installed."""
    try:
        module = importlib.import_module(f"trainer_proc.rl_libraries.isaaclab.{name}")
    except ModuleNotFoundError as error:
        how = f"uv sync --extra {_EXTRAS[name]}"
        raise BackendError(f"library {name} is not installed ({error.name} is missing): {how}") from error
    return cast("TrainingLibrary", module)
