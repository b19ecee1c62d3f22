"""Keeps modules of the working folder out of the program, however it is started."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def leave_working_folder_out() -> None:
    """Take the working folder off the path of imports, unless `PYTHONPATH` names it; call this before other imports.

    `python -m tui` puts it first, as an empty entry of `PYTHONPATH` does. Only what Python searches before its own
    library is looked at: an installation may be in the working folder too.
    """
    named = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    if "PYTHONPATH" in os.environ:
        os.environ["PYTHONPATH"] = os.pathsep.join(named)
    try:
        folder = Path.cwd()
    except FileNotFoundError:  # it has been removed, and holds no modules
        return
    library = str(Path(os.__file__).parent)
    end = sys.path.index(library) if library in sys.path else 0
    if folder not in [Path(entry).resolve() for entry in named]:
        sys.path[:end] = [entry for entry in sys.path[:end] if Path(entry).resolve() != folder]
