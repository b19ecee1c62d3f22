"""Puts an export's files into their folder, all or none, and leaves everything else there alone.

`exported/` is shared: charts go to `exported/views/`, and other exporters and the user keep files there too.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from trainer_proc.contract.bundle.card import BUNDLE_FILES, CARD
from trainer_proc.contract.bundle.formats import FORMATS
from trainer_proc.contract.export_process import ExportError

_UNFINISHED = ".unfinished"


def require_usable(target: Path) -> None:
    """Raise `ExportError` if an export's files can't be placed in `target`, before anything slow is done."""
    if target.exists() and not target.is_dir():
        raise ExportError(f"expected a folder, got the file {target}: choose another folder")
    for name in BUNDLE_FILES:
        if (target / name).is_dir():
            raise ExportError(f"expected a file {target / name}, got a folder: move it away or choose another folder")


@contextlib.contextmanager
def temporary_folder(target: Path) -> Iterator[Path]:
    """Yield a new hidden folder in `target` and delete it afterwards; its name ends with this process's id."""
    target.mkdir(parents=True, exist_ok=True)
    for leftover in target.glob(f"{_UNFINISHED}.*"):
        owner = leftover.suffix.removeprefix(".")
        if owner.isdigit() and not psutil.pid_exists(int(owner)):  # left by a killed export
            shutil.rmtree(leftover, ignore_errors=True)
    path = target / f"{_UNFINISHED}.{time.time_ns()}.{os.getpid()}"
    path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        with contextlib.suppress(OSError):  # it holds other files
            target.rmdir()


def put_in_place(finished: Path, target: Path) -> None:
    """Move the files of `finished`, a folder in `target`, to `target`; an earlier export is restored if that fails.

    An earlier export's formats go with it: they are of another policy.
    """
    names = sorted((path.name for path in finished.iterdir()), key=lambda name: name == CARD)
    for name in names:
        with open(finished / name, "rb") as file:
            os.fsync(file.fileno())
    previous = finished / "previous"
    previous.mkdir()
    earlier = [name for name in (*BUNDLE_FILES, *FORMATS) if (target / name).exists()]
    with _one_at_a_time(target):
        try:
            _move(earlier, target, previous)
            _move(names, finished, target)
        except BaseException:
            for name in names:
                if not (finished / name).exists():
                    (target / name).unlink(missing_ok=True)
            _move([path.name for path in previous.iterdir()], previous, target)
            raise


def _move(names: list[str], source: Path, target: Path) -> None:
    for name in names:
        (source / name).replace(target / name)


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Keep another export from placing its files in between."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
