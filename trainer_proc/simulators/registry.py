"""The simulators by name: load a backend, and find the simulator of a built environment.

Their packages are imported only when needed, because an environment of one simulator lacks the others' libraries.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trainer_proc.simulators.base import Backend, BackendError, LoadLibrary
from trainer_proc.simulators.interface import Simulator
from trainer_proc.simulators.isaaclab.version import check_version


@dataclass(frozen=True)
class _Entry:
    """`load` returns the backend; `owns` tells whether an environment is this simulator's; `wrap` answers about it."""

    load: Callable[[LoadLibrary], Backend]
    owns: Callable[[Any], bool]
    wrap: Callable[[Any], Simulator]


def load_backend(name: str, load_library: LoadLibrary) -> Backend:
    """Return the backend called `name`; `load_library` finds the training libraries that Isaac Lab trains with.

    Raises `BackendError` if there is no such backend, or if it is not installed.
    """
    if name not in _SIMULATORS:
        raise BackendError(f"no such backend: {name}; there are {', '.join(_SIMULATORS)}")
    try:
        return _SIMULATORS[name].load(load_library)
    except ModuleNotFoundError as error:
        lacks = "is not installed" if importlib.util.find_spec(name) is None else f"lacks module {error.name}"
        raise BackendError(f"backend {name} {lacks}: `humanoid-tui doctor` shows how to install it") from error


def simulator_of(env: Any) -> Simulator | None:
    """Return the simulator of a built, unwrapped environment; None for one that no simulator owns."""
    return next((entry.wrap(env) for entry in _SIMULATORS.values() if entry.owns(env)), None)


def _load_mjlab(_: LoadLibrary) -> Backend:
    from trainer_proc.simulators.mjlab.backend import MjlabBackend

    return MjlabBackend()


def _is_mjlab(env: Any) -> bool:
    return hasattr(getattr(env, "sim", None), "expand_model_fields")


def _wrap_mjlab(env: Any) -> Simulator:
    from trainer_proc.simulators.mjlab.simulator import MjlabSimulator

    return MjlabSimulator(env)


def _load_isaaclab(load_library: LoadLibrary) -> Backend:
    check_version()
    from trainer_proc.simulators.isaaclab.backend import IsaacLabBackend

    return IsaacLabBackend(load_library)


_ISAACLAB = ("isaaclab", "isaaclab_experimental")  # the latter has the environments of the Warp front end


def _is_isaaclab(env: Any) -> bool:
    return any(cls.__module__.partition(".")[0] in _ISAACLAB for cls in type(env).__mro__)


def _wrap_isaaclab(env: Any) -> Simulator:
    from trainer_proc.simulators.isaaclab.simulator import IsaacLabSimulator

    return IsaacLabSimulator(env)


_SIMULATORS = {
    "mjlab": _Entry(_load_mjlab, _is_mjlab, _wrap_mjlab),
    "isaaclab": _Entry(_load_isaaclab, _is_isaaclab, _wrap_isaaclab),
}
