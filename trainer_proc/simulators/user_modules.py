"""Import the user's modules, so that the tasks in them are registered."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from unittest import mock

from trainer_proc.simulators.base import BackendError


def import_modules(names: Iterable[str], folder: str) -> None:
    """Import the modules `names`, found where Python finds them, else in `folder`, else in the working folder.

    Raises `BackendError`; the traceback is printed.
    """
    names = list(names)
    if names:  # last on the path: a file there must not take the place of a library
        sys.path += [place for place in (folder, str(Path.cwd())) if place and place not in sys.path]
    for name in names:
        try:
            with mock.patch.object(sys, "dont_write_bytecode", True):  # compiled files would be new code in the folder
                importlib.import_module(name)
        except Exception as error:  # a user's module may raise anything
            traceback.print_exc()
            reason = " ".join(str(error).split())
            raise BackendError(f"module {name} can't be imported: {type(error).__name__}: {reason}") from error
