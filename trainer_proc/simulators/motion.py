"""The motion of a tracking task: an .npz file, as written by mjlab's `csv_to_npz` script."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from trainer_proc.simulators.base import BackendError

_ARRAYS = ("joint_pos", "joint_vel", "body_pos_w", "body_quat_w", "body_lin_vel_w", "body_ang_vel_w")
"""Arrays that mjlab's `MotionLoader` reads; the first dimension is time."""


def check_motion(task: str, name: str, command: Any) -> None:
    """Raise `BackendError` if the command `name` of `task` tracks a motion but has no usable file."""
    file = getattr(command, "motion_file", None)
    if file is None:
        return
    path = f"env.commands.{name}.motion_file"
    how = f"give one with --override {path}=FILE, an .npz file written by mjlab's csv_to_npz"
    if not file:
        raise BackendError(f"{task} needs a motion file: {how}")
    if not Path(file).is_file():
        raise BackendError(f"no such motion file: {file}; {how}")
    missing = sorted(set(_ARRAYS) - _arrays_in(file))
    if missing:
        raise BackendError(f"{file}: expected a motion with {missing[0]}, got none; {how}")


def _arrays_in(file: str) -> set[str]:
    """Return the names of the arrays in an .npz file; none for another file."""
    try:
        loaded = np.load(file)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile):
        return set()
    return set(loaded.files) if isinstance(loaded, np.lib.npyio.NpzFile) else set()
