"""Python's garbage collector while a process builds what it keeps until its end."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_garbage_collection(*, is_kept: bool = False) -> Iterator[None]:
    """Collect no garbage inside; if what was built `is_kept` until the process ends, don't look at it later either.

    torch and a simulator make a million objects. To look for garbage among them takes a quarter of the CPU time of
    their imports, and each later full collection would stop the training thread for half a second.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_kept:
            gc.collect()
            gc.freeze()
        if was_enabled:
            gc.enable()
