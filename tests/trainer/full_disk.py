"""A disk that is full, for this process."""

from __future__ import annotations

import resource
from contextlib import contextmanager


@contextmanager
def largest_file(size):
    """Let no file of this process grow beyond `size` bytes, which fails as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
