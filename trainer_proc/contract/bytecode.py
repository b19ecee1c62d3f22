"""Bytecode of imported modules on a disk that is nearly full."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

_NEEDED = 64 * 1024 * 1024
"""Bytes that must be free."""


def write_no_bytecode_on_a_full_disk() -> None:
    """Have this process write none if there is little room where its packages are.

    Python before 3.12.8 keeps a file of bytecode that a full disk has cut off; every later import of the module fails
    (https://github.com/python/cpython/issues/126606).
    """
    with suppress(OSError):
        disk = os.statvfs(sys.prefix)
        if disk.f_bavail * disk.f_frsize < _NEEDED:
            sys.dont_write_bytecode = True
