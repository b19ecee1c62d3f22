"""The motion that a tracking task follows: an .npz file, as mjlab's `csv_to_npz` script writes it."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from trainer_proc.simulators.base import BackendError

_ARRAYS = ("joint_pos", "joint_vel", "body_pos_w", "body_quat_w", "body_lin_vel_w", "body_ang_vel_w")
"""What mjlab's `MotionLoader` reads; the first dimension is time."""


def check_motion(task: str, name: str, command: Any) -> None:
    """Raise `BackendError` if the command `name` of `task` tracks a motion and there is no usable file."""
    file = getattr(command, "motion_file", None)
    if file is None:
        return
    path = f"env.commands.{name}.motion_file"
    how = f"--override {path}=FILE, an .npz file as mjlab's csv_to_npz writes it"
    if not file:
        raise BackendError(f"{task} tracks a motion and has none: {how}")
    if not Path(file).is_file():
        raise BackendError(f"there is no motion file {file}: {how}")
    missing = sorted(set(_ARRAYS) - _arrays_in(file))
    if missing:
        raise BackendError(f"{file} is no motion file, it has no {missing[0]}: {how}")


def _arrays_in(file: str) -> set[str]:
    """Return the names of the arrays in an .npz file, none if it is something else."""
    try:
        loaded = np.load(file)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile):
        return set()
    return set(loaded.files) if isinstance(loaded, np.lib.npyio.NpzFile) else set()
