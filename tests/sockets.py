"""Addresses as a trainer has them."""

from __future__ import annotations

import atexit
import shutil
from functools import cache
from itertools import count
from pathlib import Path

from trainer_proc.contract.connection import make_sockets_folder

_numbers = count()


def private_address() -> str:
    """Return the address of another socket in a private folder."""
    return f"ipc://{_folder()}/{next(_numbers)}"


@cache
def _folder() -> Path:
    folder = make_sockets_folder()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
