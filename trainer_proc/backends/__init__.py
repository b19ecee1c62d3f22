"""Simulators: each module builds an environment and its runner behind `base.Backend`."""

from __future__ import annotations

import importlib

from trainer_proc.backends.base import Backend, BackendError
from trainer_proc.backends.isaaclab_version import check_version

_BACKENDS = {"mjlab": "MjlabBackend", "isaaclab": "IsaacLabBackend"}


def load_backend(name: str) -> Backend:
    """Return the backend called `name`. Raises `BackendError` if it is unknown or not installed."""
    if name not in _BACKENDS:
        raise BackendError(f"there is no backend {name}; there are {' and '.join(_BACKENDS)}")
    try:
        if name == "isaaclab":
            check_version()
        module = importlib.import_module(f"trainer_proc.backends.{name}")
    except ModuleNotFoundError as error:
        raise BackendError(
            f"backend {name} is not installed ({error.name} is missing): humanoid-tui doctor says how to get it"
        ) from error
    backend: Backend = getattr(module, _BACKENDS[name])()
    return backend
