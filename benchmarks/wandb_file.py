"""Write a growing `.wandb` file as wandb's offline mode does, without wandb's service process.

The file is a LevelDB log (https://github.com/google/leveldb/blob/main/doc/log_format.md) after a header of 7 bytes:
blocks of 32 KiB with records in chunks, each with checksum, length and type. A record is a Protocol Buffers message of
the wandb package.
"""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import wandb
from wandb.proto import wandb_internal_pb2 as records

_BLOCK, _CHUNK_HEADER = 32768, struct.Struct("<IHB")
_FILE_HEADER = b":W&B" + struct.pack("<HB", 0xBEE1, 0)
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4


class WandbFile:
    """The file of one run, with a row for each iteration."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        """Create `run-….wandb` in a new `folder`; `names` are the metrics of every row."""
        folder.mkdir(parents=True)
        self.path = folder / "run-benchmark.wandb"
        self._names = names
        self._file = open(self.path, "wb")  # noqa: SIM115 (kept open for the writer's life)
        self._file.write(_FILE_HEADER)
        self._written = len(_FILE_HEADER)
        self._number = 0
        self._step = 0
        self._append(header=records.HeaderRecord(version_info=records.VersionInfo(producer=wandb.__version__)))
        run = records.RunRecord(run_id="benchmark", project="dashboard", host="benchmark")
        run.start_time.FromSeconds(int(time.time()))
        self._append(run=run)

    def add_row(self, values: Sequence[float]) -> None:
        """Add the values of one iteration; readers see them after `flush`."""
        row = records.HistoryRecord(step=records.HistoryStep(num=self._step))
        for name, value in zip(self._names, values, strict=True):
            row.item.add(nested_key=[name], value_json=repr(value))
        row.item.add(nested_key=["_step"], value_json=str(self._step))
        row.item.add(nested_key=["_runtime"], value_json=str(self._step))
        row.item.add(nested_key=["_timestamp"], value_json=repr(time.time()))
        self._append(history=row)
        self._step += 1

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def _append(self, **record: Any) -> None:
        self._number += 1
        data = records.Record(num=self._number, **record).SerializeToString()
        is_first = True
        while True:
            room = _BLOCK - self._written % _BLOCK
            if room < _CHUNK_HEADER.size:
                self._put(b"\0" * room)
                continue
            chunk, data = data[: room - _CHUNK_HEADER.size], data[room - _CHUNK_HEADER.size :]
            kind = (_FULL if is_first else _LAST) if not data else (_FIRST if is_first else _MIDDLE)
            checksum = zlib.crc32(chunk, zlib.crc32(bytes([kind])))
            self._put(_CHUNK_HEADER.pack(checksum, len(chunk), kind) + chunk)
            is_first = False
            if not data:
                return

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._written += len(data)
