"""Files that hang or fill the memory of a program that opens them like any other."""

from __future__ import annotations

import os
from pathlib import Path


def make_special(kind: str, path: Path) -> None:
    """Put a special file, one of `KINDS`, in the place of `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    match kind:
        case "FIFO":
            os.mkfifo(path)
        case "endless device":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir()
        case "link to itself":
            path.symlink_to(path.name)
        case "link to /":
            path.symlink_to("/")
        case "sparse record":
            with open(path, "wb") as file:
                file.write(b"\xc6\x7f\xff\xff\xff")
                file.truncate(2**31)
        case "zeros":
            with open(path, "wb") as file:
                file.truncate(2**31)


KINDS = ("FIFO", "endless device", "folder", "link to itself", "link to /", "sparse record", "zeros")
