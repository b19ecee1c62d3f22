"""Writes an export's folder atomically: beside its target, then renamed."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from trainer_proc.contract.errors import one_line
from trainer_proc.contract.export_process import ExportError

REPLACEABLE_FILES = frozenset({"policy.onnx", "policy.pt", "policy.json", "policy.onnx.data"})
"""Files of an earlier export; other exporters write the last one beside their policy.onnx."""


def require_replaceable(target: Path) -> None:
    """Raise `ExportError` if `target` holds more than an earlier export, which replacing it would delete."""
    try:
        others = sorted({path.name for path in target.iterdir()} - REPLACEABLE_FILES)
    except FileNotFoundError:
        return
    except OSError as error:
        raise ExportError(f"{target} can't be replaced ({one_line(error)}): choose another folder") from error
    if others:
        raise ExportError(f"{target} holds more than an earlier export ({others[0]}): choose another folder")


@contextlib.contextmanager
def temporary_folder(target: Path) -> Iterator[Path]:
    """Yield a new folder beside `target` and delete it afterwards; its name ends with this process's id."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for leftover in target.parent.glob(f".{target.name}.*"):
        owner = leftover.suffix.removeprefix(".")
        if owner.isdigit() and not psutil.pid_exists(int(owner)):  # left by a killed export
            shutil.rmtree(leftover, ignore_errors=True)
    path = target.with_name(f".{target.name}.{time.time_ns()}.{os.getpid()}")
    path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def put_in_place(finished: Path, target: Path) -> None:
    """Rename `finished` to `target`; an earlier export is restored if that fails."""
    for path in finished.iterdir():
        with open(path, "rb") as file:
            os.fsync(file.fileno())
    previous = finished.with_name(f"{finished.name}.previous")
    try:
        if target.exists():
            target.rename(previous)
        finished.rename(target)
    finally:
        if target.exists():
            shutil.rmtree(previous, ignore_errors=True)
        elif previous.exists():
            previous.rename(target)
