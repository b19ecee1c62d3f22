"""Record launches of Warp kernels on a CPU, so that C++ replays them instead of Python."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import warp

from curricula.errors import message_of

CANNOT_RECORD = (RuntimeError, NotImplementedError)
"""What Warp raises while it records what it can't replay."""


def record(launch: Callable[[], object]) -> Any:
    """Return the graph of all that `launch` launches on the CPU; nothing is executed. Raises `CANNOT_RECORD`."""
    with _no_collection(), warp.ScopedCapture(device="cpu") as capture:
        launch()
    return capture.graph


def note_slower_physics(error: BaseException) -> None:
    """Tell on the console that physics is launched from Python."""
    print(f"NOTE: slower physics, Warp can't record it: {message_of(error, 200)}", file=sys.stderr)  # noqa: T201


@contextmanager
def _no_collection() -> Iterator[None]:
    """Arrays that are collected meanwhile would free their memory in each replay."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
