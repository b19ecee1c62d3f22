"""Measure how long `watch` takes to read a run with many event files, and its memory.

    uv run python benchmarks/watch_files.py [TIMES]

Writes runs whose writer is closed and opened again after every few points: each file has one step of ten metrics. Then
`humanoid-tui watch LOGDIR --json` prints the newest value of every metric, TIMES times (5). *Wall* and *CPU* count from
the start of the process to its end; *peak* is the peak resident memory. All values are medians.
"""

from __future__ import annotations

import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

PROGRAM = str(Path(sys.executable).with_name("humanoid-tui"))
FILES = (1, 500, 1000, 2000, 4000, 8000)
_BEGIN = 1_790_000_000


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print("| files | wall s | CPU s | peak MiB |\n| --- | --- | --- | --- |")
    for count in FILES:
        with tempfile.TemporaryDirectory() as folder:
            write_run(Path(folder, "logs", "run"), count)
            wall, cpu, peak = zip(*(measure(Path(folder, "logs")) for _ in range(times)), strict=True)
        row = (
            f"{count:,}",
            *(f"{statistics.median(one):.2f}" for one in (wall, cpu)),
            f"{statistics.median(peak):.0f}",
        )
        print(f"| {' | '.join(row)} |")


def measure(folder: Path) -> tuple[float, float, float]:
    """Return seconds, seconds of CPU, and peak resident MiB of one start."""
    began = time.perf_counter()
    process = subprocess.Popen([PROGRAM, "watch", str(folder), "--json"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def write_run(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    for step in range(count):
        values = [Summary.Value(tag=f"Episode_Reward/term_{term}", simple_value=step + term) for term in range(10)]
        version = Event(wall_time=_BEGIN + step, file_version="brain.Event:2")
        event = Event(wall_time=_BEGIN + step, step=step, summary=Summary(value=values))
        path = folder / f"events.out.tfevents.{_BEGIN + step}.host.1.{step}"
        path.write_bytes(b"".join(framed(one.SerializeToString()) for one in (version, event)))


def framed(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc32c(length)) + data + struct.pack("<I", masked_crc32c(data))


if __name__ == "__main__":
    main()
