"""Modules of the person's own, imported so that the tasks in them are registered."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Iterable

from trainer_proc.simulators.base import BackendError


def import_modules(names: Iterable[str], folder: str) -> None:
    """Import modules, found where Python finds them or else in `folder`.

    Raises `BackendError`; where in the module it went wrong is printed.
    """
    if folder and folder not in sys.path:
        sys.path.append(folder)  # last: a file in it must not take the place of a library
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:  # a person's own module may raise anything
            traceback.print_exc()
            reason = " ".join(str(error).split())
            raise BackendError(f"the module {name} can't be imported: {type(error).__name__}: {reason}") from error
