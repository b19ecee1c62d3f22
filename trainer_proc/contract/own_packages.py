"""Load `curricula` and `presets` of this program where a user has modules of the same names."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType

_HOME = str(Path(__file__).parents[2])
_PACKAGES = ("curricula", "presets")


def load_own_packages() -> None:
    """Import every module of both packages, whatever the folder of the running script holds under their names.

    A script's folder comes first on `sys.path`, so its `presets.py` would be taken for the package. The modules stay
    loaded as `presets.success` and so on; the bare name is left to the script, which may import its own module by it.
    """
    hidden = [name for name in _PACKAGES if not _is_found(name)]
    others = {name: sys.modules.pop(name, None) for name in hidden}
    try:
        for name in hidden:
            for module in pkgutil.iter_modules(_load(name).__path__):
                importlib.import_module(f"{name}.{module.name}")
    finally:
        for name, other in others.items():
            sys.modules.pop(name, None)
            if other is not None:
                sys.modules[name] = other


def claim_own_packages() -> None:
    """Load both packages under their bare names, in a program that runs no code of the user's."""
    for name in _PACKAGES:
        if not _is_found(name):
            _load(name)


def _is_found(name: str) -> bool:
    """Return whether importing `name` gets this program's package."""
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.origin == str(Path(_HOME, name, "__init__.py"))


def _load(name: str) -> ModuleType:
    spec = PathFinder.find_spec(name, [_HOME])
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"{_HOME} has no package {name}", name=name)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
