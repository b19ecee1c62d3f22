"""Loads the training library of an Isaac Lab task."""

from __future__ import annotations

import importlib
from typing import cast

from trainer_proc.contract.install import package_command
from trainer_proc.simulators.base import BackendError, TrainingLibrary

_PACKAGES = {"rsl_rl": "rsl-rl-lib", "rl_games": "rl-games", "skrl": "skrl"}


def load_library(name: str) -> TrainingLibrary:
    """Return the module of `rsl_rl`, `rl_games` or `skrl`. Raises `BackendError` if that is not installed."""
    try:
        module = importlib.import_module(f"trainer_proc.rl_libraries.isaaclab.{name}")
    except ModuleNotFoundError as error:
        how = package_command(_PACKAGES[name])
        raise BackendError(f"library {name} is not installed ({error.name} is missing): {how}") from error
    return cast("TrainingLibrary", module)
