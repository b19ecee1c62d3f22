"""Bytes of files that a host sends: they are written only where they belong, and never fill the disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tui.session.hosts.host import Host, HostError

GIB = 1024**3
_KEPT_FREE = GIB
"""Bytes of the disk that are left."""


def write_piece(host: Host, path: Path, offset: int, data: bytes, largest: int) -> None:
    """Write `data` at `offset`, which is the size of the file or 0; nothing follows. At most `largest` bytes.

    Raises `HostError` or `OSError`.
    """
    with open(path, "r+b" if path.exists() else "x+b") as file:
        size = os.fstat(file.fileno()).st_size
        if offset not in (0, size) or offset + len(data) > largest:
            raise HostError(f"{host.name}: expected {path.name} to go on at byte {size}, got {offset}")
        if shutil.disk_usage(path.parent).free < _KEPT_FREE + len(data):
            raise HostError(f"the disk of {path.parent} is nearly full", hint="remove old files")
        file.truncate(offset)
        file.seek(offset)
        file.write(data)
