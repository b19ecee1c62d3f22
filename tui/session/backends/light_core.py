"""The trainer's part of this program, for a Python with its own packages."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import platformdirs

import presets

PACKAGES = ("trainer_proc", "curricula", "presets")


def light_core() -> Path:
    """Return a folder in the user's cache with exactly `PACKAGES`: links, or copies where links are impossible.

    Each installation of this program has its own folder. Raises `OSError`.
    """
    installed = Path(presets.__file__).parents[1]
    name = hashlib.sha256(os.fsencode(installed)).hexdigest()[:12]
    folder = platformdirs.user_cache_path("humanoid-tui") / "core" / name
    folder.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        _provide(folder / package, installed / package)
    return folder


def _provide(target: Path, source: Path) -> None:
    if target.is_symlink():  # the folder's name depends on its target
        return
    try:
        target.symlink_to(source, target_is_directory=True)
    except OSError:
        if not target.is_symlink():  # else another launch made it
            shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
