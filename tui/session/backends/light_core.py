"""The part of this program that a trainer needs, for a Python that has its own packages and none of ours."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import platformdirs

import presets

PACKAGES = ("trainer_proc", "curricula", "presets")


def light_core() -> Path:
    """Return a folder with exactly `PACKAGES`, in the user's cache: links, or copies where there can't be any.

    Every place that this program is installed in has a folder of its own. Raises `OSError`.
    """
    installed = Path(presets.__file__).parents[1]
    name = hashlib.sha256(os.fsencode(installed)).hexdigest()[:12]
    folder = platformdirs.user_cache_path("humanoid-tui") / "core" / name
    folder.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        _provide(folder / package, installed / package)
    return folder


def _provide(target: Path, source: Path) -> None:
    if target.is_symlink():  # the folder's name says where to
        return
    try:
        target.symlink_to(source, target_is_directory=True)
    except OSError:
        if not target.is_symlink():  # else another launch was faster
            shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
