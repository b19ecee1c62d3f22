"""The log of a run: whole, a range of bytes, or followed while the run lasts."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

from curricula.regular_files import open_file
from trainer_proc.contract.connection import is_live
from trainer_proc.contract.run_folder import RunFolder
from tui.http.refusals import OutOfRange
from tui.session.runs.run_index import read_run

_PIECE = 256 * 1024
_POLL_SECONDS = 0.25
_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{1,18})?|-(\d{1,18}))")


def log_size(path: Path) -> int:
    """Return the bytes of a log; 0 if there is none yet. Raises `OSError`."""
    try:
        with open_file(path) as file:
            return os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        return 0


def chosen_range(header: str | None, size: int) -> range | None:
    """Return the bytes that a `Range` header selects of `size`; None for all, also if there are several ranges.

    Raises `OutOfRange`. Source: RFC 9110, section 14.
    """
    found = _RANGE.fullmatch(header.replace(" ", "")) if header is not None else None
    if found is None:
        return None
    first, last, suffix = found[1], found[2], found[3]
    if suffix is not None:
        chosen = range(max(size - int(suffix), 0), size)
    else:
        if last is not None and int(last) < int(first):
            return None
        chosen = range(int(first), size if last is None else min(int(last) + 1, size))
    if not chosen:
        raise OutOfRange(f"expected a range within {size} bytes, got {header}", {"Content-Range": f"bytes */{size}"})
    return chosen


async def pieces(path: Path, chosen: range) -> AsyncIterator[bytes]:
    """Yield the `chosen` bytes of a file. Raises `OSError`."""
    position = chosen.start
    while position < chosen.stop:
        piece = await asyncio.to_thread(_read, path, position, min(_PIECE, chosen.stop - position))
        if not piece:  # the trainer keeps its log short, and has cut it
            return
        position += len(piece)
        yield piece


async def followed(folder: RunFolder, start: int) -> AsyncIterator[bytes]:
    """Yield the log from byte `start` on, and what is added, until the run has ended. Raises `OSError`."""
    position = start
    while True:
        was_live = await asyncio.to_thread(is_live, folder)  # before reading: it may write and then end
        piece = await asyncio.to_thread(_read, folder.console, position, _PIECE)
        position += len(piece)
        if piece:
            yield piece
            continue
        if not was_live and (await asyncio.to_thread(read_run, folder)).summary().status != "starting":
            return
        await asyncio.sleep(_POLL_SECONDS)


def _read(path: Path, position: int, most: int) -> bytes:
    try:
        with open_file(path) as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(min(position, size))  # no file system takes any number
            return file.read(most)
    except FileNotFoundError:
        return b""
