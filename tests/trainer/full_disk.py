"""Simulates a full disk for this process."""

from __future__ import annotations

import resource
import sys
from contextlib import contextmanager


@contextmanager
def largest_file(size):
    """Limit files of this process to `size` bytes; larger writes fail as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True  # Python 3.11 keeps cut-off bytecode, and fails on it later
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        sys.dont_write_bytecode = before
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
