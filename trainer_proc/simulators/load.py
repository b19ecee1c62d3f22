"""Load the backend of a simulator by its name."""

from __future__ import annotations

from trainer_proc.simulators.base import Backend, BackendError, LoadLibrary
from trainer_proc.simulators.isaaclab.version import check_version

BACKENDS = ("mjlab", "isaaclab")


def load_backend(name: str, load_library: LoadLibrary) -> Backend:
    """Return the backend called `name`; `load_library` finds the training libraries that Isaac Lab trains with.

    Raises `BackendError` if there is no such backend, or if it is not installed.
    """
    try:  # imported here, because an environment of one simulator comes without the other's packages
        if name == "mjlab":
            from trainer_proc.simulators.mjlab.backend import MjlabBackend

            return MjlabBackend()
        if name == "isaaclab":
            check_version()
            from trainer_proc.simulators.isaaclab.backend import IsaacLabBackend

            return IsaacLabBackend(load_library)
    except ModuleNotFoundError as error:
        raise BackendError(
            f"backend {name} is not installed ({error.name} is missing): humanoid-tui doctor says how to get it"
        ) from error
    raise BackendError(f"there is no backend {name}; there are {' and '.join(BACKENDS)}")
