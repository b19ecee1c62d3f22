"""Finds an OpenGL that needs no display."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

from trainer_proc.contract.worker import WorkerError

_VARIABLE = "MUJOCO_GL"
_KINDS = ("egl", "osmesa")
"""On a GPU, on the CPU; as values of MuJoCo's variable."""
_TRY = "import mujoco; mujoco.GLContext(16, 16).make_current()"
_SECONDS = 60.0


def choose_opengl() -> str:
    """Return the kind that MuJoCo uses when it is imported: the user's choice, or the first that works.

    Raises `WorkerError`.
    """
    if importlib.util.find_spec("mujoco") is None:
        raise WorkerError(
            "expected MuJoCo to render, got none in this Python", hint="install mjlab, or draw it with --drawn"
        )
    chosen = os.environ.get(_VARIABLE, "")
    kinds = (chosen,) if chosen else _KINDS
    for kind in kinds:
        if _works(kind):
            os.environ[_VARIABLE] = kind
            return kind
    raise WorkerError(
        f"no OpenGL without a display: {' and '.join(kinds)} failed",
        hint="install a GPU driver or OSMesa (Debian: apt install libosmesa6), or draw it with --drawn",
    )


def _works(kind: str) -> bool:
    """Try it in a process of its own: a failed one can't be replaced in this."""
    environment = {**os.environ, _VARIABLE: kind}
    try:
        done = subprocess.run(
            [sys.executable, "-c", _TRY], env=environment, capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
