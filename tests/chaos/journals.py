"""Damaged journals: bytes flipped, cut and zeroed; frames lost, repeated, out of order, and with other values."""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from trainer_proc.contract.codec import encode
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.journal_records import sealed_record
from trainer_proc.contract.messages import Frame, IterationFinished
from trainer_proc.contract.run_folder import RunFolder
from tui.cli import run
from tui.session.runs.run_columns import counted, fit_columns, run_cells, run_details
from tui.session.runs.run_index import RunSummary
from tui.session.runs.run_list import RUN_ORDERS, RunList, ordered
from tui.session.runs.run_search import matching

RECORDINGS = Path(__file__).parents[1] / "recordings"
COMMANDS = (("attach", "--json"), ("history",), ("knobs",), ("impact",), ("record", "-o", "-"), ("runs",))
"""What reads a whole journal. Each prints an answer or one line."""
_ODD_NUMBERS = (0, 1, -1, 7, 2**31, 2**53, 2**63 - 1, -(2**63), 2**64 - 1)
_ODD_FLOATS = (0.0, -1.0, 1e-320, 1e9, 4e9, 1e300, math.nan, math.inf, -math.inf)


def frames_of(recording: str, every: int) -> list[Frame]:
    """Return the frames of a recorded run, of its iterations only every so manyth."""
    frames = JournalReader(RECORDINGS / recording / "journal.msgpack").read_new()
    return [
        frame for frame in frames if not isinstance(frame.body, IterationFinished) or frame.body.iteration % every == 0
    ]


def journal_of(frames: list[Frame]) -> bytes:
    return b"".join(sealed_record(encode(frame)) for frame in frames)


def damaged(frames: list[Frame], random: Random) -> bytes:
    """Return a journal of `frames` with damage of one or two kinds."""
    data = bytearray(random.choice(_FRAME_DAMAGES)(frames, random))
    for damage in random.choices(_BYTE_DAMAGES, k=random.randrange(3)):
        if data:
            damage(data, random)
    return bytes(data)


def look_at(folder: RunFolder) -> list[RunSummary]:
    """Read a run as the list and the commands do; return the rows. Raises whatever they do not handle."""
    (*batches,) = RunList(folder.path.parents[1]).look()
    rows = [row for batch in batches for row in batch]
    for order in RUN_ORDERS:
        ordered(matching(rows, "a"), order)
    widths = fit_columns(rows, 160)
    for row in rows:
        assert len(run_cells(row, widths, ())) == len(widths)
        assert len(run_details(row).splitlines()) <= 1
    counted(rows, len(rows), live=0, chosen=0, archived=0)
    for command, *options in COMMANDS:
        printed, complaint = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complaint):
            code = run([command, *([] if command == "runs" else [str(folder.path)]), *options])

        assert code in (0, 1, 2), (command, code, complaint.getvalue())
        assert len(complaint.getvalue().splitlines()) == bool(code), (command, complaint.getvalue())
    return rows


# --- Bytes --------------------------------------------------------------------------------------------------


def _flip(data: bytearray, random: Random) -> None:
    for _ in range(random.choice((1, 1, 5, 100))):
        data[random.randrange(len(data))] ^= random.randrange(1, 256)


def _cut(data: bytearray, random: Random) -> None:
    del data[random.randrange(len(data)) :]


def _cut_out(data: bytearray, random: Random) -> None:
    start = random.randrange(len(data))
    del data[start : start + random.randrange(1, 5000)]


def _zero(data: bytearray, random: Random) -> None:
    start = random.randrange(len(data))
    size = min(random.randrange(1, 5000), len(data) - start)
    data[start : start + size] = bytes(size)


def _insert(data: bytearray, random: Random) -> None:
    start, size = random.randrange(len(data)), random.randrange(1, 5000)
    data[start:start] = random.choice((bytes(size), random.randbytes(size), b"\xc6" * size))


def _append_zeros(data: bytearray, random: Random) -> None:
    data += bytes(random.randrange(1, 5000))


_BYTE_DAMAGES: tuple[Callable[[bytearray, Random], None], ...] = (_flip, _cut, _cut_out, _zero, _insert, _append_zeros)


# --- Frames -------------------------------------------------------------------------------------------------


def _whole(frames: list[Frame], random: Random) -> bytes:
    return journal_of(frames)


def _shuffled(frames: list[Frame], random: Random) -> bytes:
    return journal_of(random.sample(frames, len(frames)))


def _repeated(frames: list[Frame], random: Random) -> bytes:
    start = random.randrange(len(frames))
    again = frames[start : start + random.randrange(1, 50)]
    return journal_of([*frames[: start + random.randrange(50)], *again, *frames[start:]])


def _lost(frames: list[Frame], random: Random) -> bytes:
    return journal_of([frame for frame in frames if random.random() < 0.7])


def _mutated(frames: list[Frame], random: Random) -> bytes:
    rare = [place for place, frame in enumerate(frames) if not isinstance(frame.body, IterationFinished)]
    chosen = {*random.choices(range(len(frames)), k=5), *random.choices(rare, k=random.choice((1, 3, 30)))}
    contents = [encode(frame) for frame in frames]
    for place in chosen:
        content = msgspec.msgpack.decode(contents[place])
        contents[place] = msgspec.msgpack.encode([content[0], content[1], _other(content[2], random)])
    if random.random() < 0.3:  # a clock that was stepped
        place = random.randrange(len(frames))
        number, _, body = msgspec.msgpack.decode(contents[place])
        contents[place] = msgspec.msgpack.encode([number, random.choice(_ODD_FLOATS), body])
    return b"".join(sealed_record(content) for content in contents)


def _other(value: Any, random: Random) -> Any:
    """Return `value` with something in it changed, of the same type, so that most results still decode."""
    if isinstance(value, dict) and value:
        key = random.choice(list(value))
        if random.random() < 0.1:
            return {name: kept for name, kept in value.items() if name != key}
        return value | {key: _other(value[key], random)}
    if isinstance(value, list):
        return _other_list(value, random)
    if isinstance(value, bool):
        return not value
    if isinstance(value, float):
        return random.choice((*_ODD_FLOATS, -value, value + 1))
    if isinstance(value, int):
        return random.choice((*_ODD_NUMBERS, -value, value + 1))
    if isinstance(value, str):
        return random.choice(("", "x", value[:-1], value + "\x1b[31m\n", "∞" * 50))
    if isinstance(value, bytes):
        return random.choice((b"", value[:-1], value[:-4], value + value, b"\xff" * len(value)))
    return random.choice((0, "", 1.5))


def _other_list(value: list[Any], random: Random) -> list[Any]:
    match random.randrange(5):
        case 0:
            return value[::-1]
        case 1:
            return value + value
        case 2:
            return value[1:]
    place = random.randrange(len(value)) if value else 0
    return [_other(one, random) if number == place else one for number, one in enumerate(value)]


_FRAME_DAMAGES: tuple[Callable[[list[Frame], Random], bytes], ...] = (
    _whole,
    _shuffled,
    _repeated,
    _lost,
    _mutated,
    _mutated,
    _mutated,
)
