"""Simulators: each module builds an environment and its rsl-rl runner behind `base.Backend`."""

from __future__ import annotations

from trainer_proc.backends.base import Backend, BackendError


def load_backend(name: str) -> Backend:
    """Return the backend called `name`. Raises `BackendError` if it is unknown or not installed."""
    if name == "mjlab":
        try:
            from trainer_proc.backends.mjlab import MjlabBackend
        except ModuleNotFoundError as error:
            raise BackendError(
                f"backend mjlab is not installed ({error.name} is missing): uv sync --extra mjlab --extra export"
            ) from error
        return MjlabBackend()
    raise BackendError(f"there is no backend {name}; there is mjlab")
