"""What every child Python of this program is started with."""

from __future__ import annotations

import os
from collections.abc import Mapping


def child_environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment with `variables`, for a child Python that ignores the working folder.

    `python -m` puts the working folder first on `sys.path`: a user's `presets.py` or `utils.py` there would hide the
    packages of this program and of its libraries. `PYTHONSAFEPATH` (Python 3.11) keeps it off.
    """
    return {**os.environ, "PYTHONSAFEPATH": "1", **(variables or {})}
