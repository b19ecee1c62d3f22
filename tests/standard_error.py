"""The standard error of this process, and of those that start meanwhile, in a file."""

from __future__ import annotations

import os
from contextlib import contextmanager


@contextmanager
def standard_error(path):
    """Append it to `path`."""
    before = os.dup(2)
    with open(path, "ab") as file:
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)
