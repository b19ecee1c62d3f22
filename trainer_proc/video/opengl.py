"""Finds an OpenGL that needs no display."""

from __future__ import annotations

import importlib.util
import os
import subprocess

from trainer_proc.contract.child_process import child_environment, start_python
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
    environment = child_environment({_VARIABLE: kind})
    silent = subprocess.DEVNULL
    try:
        process = start_python("-c", _TRY, environment=environment, stdout=silent, stderr=silent)
    except OSError:
        return False
    try:
        return process.wait(_SECONDS) == 0
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
