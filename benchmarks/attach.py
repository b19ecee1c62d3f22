"""Measure how long the program takes to open long runs and to list many runs.

    uv run python benchmarks/attach.py [TIMES] [huge]

Writes a run of 100,000 iterations × 100 metrics, one of 1,000,000 iterations × 12 metrics, and 64 runs of 10,000
iterations × 60 metrics. Then it starts the program in a pseudo-terminal of 200×60 cells, TIMES times (3), and records
its output with times. The output is replayed afterwards: a screen is complete with the first piece after which the
charts, or the rows of the list, no longer change. Times count from the start of the process, or from a key in a running
program. *CPU* is the CPU time until then, *peak* the peak resident memory. All values are medians.

With `huge`, only a run of 2 GB is opened, and a chart of it written: 1,000,000 iterations × 480 metrics, with a
checkpoint every 50.
"""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import statistics
import struct
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path
from shutil import copyfile
from termios import TIOCSWINSZ

import numpy as np
import psutil
import pyte
from dashboard_data import METRICS
from terminal_replies import LONGEST_QUERY, QUERY, REPLIES

from trainer_proc.contract.codec import encode
from trainer_proc.contract.journal import JournalWriter
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import (
    Frame,
    IterationFinished,
    KnobsAvailable,
    MetricSet,
    PhaseChanged,
    RunStarted,
    TrainerBody,
)
from trainer_proc.contract.products import CheckpointSaved
from trainer_proc.contract.run_folder import RunFolder, RunSpec

PROGRAM = str(Path(sys.executable).with_name("humanoid-tui"))
COLUMNS, LINES = 200, 60
_SILENCE_SECONDS = 2.0
_DEADLINE_SECONDS = 120.0
_CHARTS = (slice(3, LINES - 2), slice(0, 90))
"""Lines and columns that show charts only."""
_ROWS = (slice(1, LINES - 2), slice(0, COLUMNS))


@dataclass(frozen=True)
class Piece:
    """A piece of output with its time and the CPU time used until then, both in seconds."""

    seconds: float
    cpu: float
    data: bytes


@dataclass(frozen=True)
class Opened:
    """Time from the request to the complete screen (s), CPU time (s) and peak resident memory (MiB) until then."""

    seconds: float
    cpu: float
    peak: float


class Program:
    """The program in a terminal; its output is recorded with times and evaluated afterwards."""

    def __init__(self, cwd: Path, *arguments: str) -> None:
        self.began = time.perf_counter()
        self.pieces: list[Piece] = []
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(cwd)
            os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "HOME": str(cwd)}
            os.environ |= {"XDG_CONFIG_HOME": str(cwd / "config"), "XDG_STATE_HOME": str(cwd / "state")}
            os.execv(PROGRAM, [PROGRAM, *arguments])
        ioctl(self._terminal, TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self._process = psutil.Process(self._pid)

    def press(self, key: bytes) -> None:
        """Send a key and restart the clock."""
        self.began = time.perf_counter()
        os.write(self._terminal, key)

    def read(self, awaited: bytes) -> int:
        """Record until `awaited` was drawn and output stops; return the index of the first new piece."""
        first, seen, deadline = len(self.pieces), b"", time.perf_counter() + _DEADLINE_SECONDS
        unanswered = b""
        while select.select([self._terminal], [], [], _SILENCE_SECONDS)[0] or awaited not in seen:
            data = os.read(self._terminal, 65536)
            cpu = sum(self._process.cpu_times()[:2])
            self.pieces.append(Piece(time.perf_counter() - self.began, cpu, data))
            seen += data
            queries = list(QUERY.finditer(unanswered + data))
            os.write(self._terminal, b"".join(REPLIES[query[0]] for query in queries))
            unanswered = (unanswered + data)[queries[-1].end() if queries else 0 :][-LONGEST_QUERY:]
            assert time.perf_counter() < deadline, f"{awaited!r} was never drawn"
        return first

    def opened(self, first: int, region: tuple[slice, slice]) -> Opened:
        """Return when, from piece `first` on, the region looked as it does at the end."""
        screen = pyte.Screen(COLUMNS, LINES)
        stream = pyte.ByteStream(screen)
        looks = []
        for piece in self.pieces:
            stream.feed(_UNKNOWN_TO_PYTE.sub(b"", piece.data))
            looks.append("\n".join(line[region[1]] for line in screen.display[region[0]]))
        place = len(looks) - 1
        while place > first and looks[place - 1] == looks[-1]:
            place -= 1
        before = self.pieces[first - 1].cpu if first else 0.0
        status = Path(f"/proc/{self._pid}/status").read_text()
        peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
        return Opened(self.pieces[place].seconds, self.pieces[place].cpu - before, peak)

    def close(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._terminal)


_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1b\[\?2026\$p")
"""Keyboard and mouse queries, which pyte would draw as text."""


def make_run(log_root: Path, name: str, iterations: int, metrics: int) -> RunFolder:
    """Write a finished run."""
    folder = RunFolder(log_root / "benchmark" / name)
    folder.path.mkdir(parents=True)
    task = "Mjlab-Velocity-Flat-Unitree-G1"
    folder.write_spec(
        RunSpec(
            preset="g1-walk",
            backend="mjlab",
            task=task,
            experiment="benchmark",
            device="cuda:0",
            num_envs=4096,
            iterations=iterations,
            seed=42,
        )
    )
    terms = tuple(f"Episode_Reward/term_{number}" for number in range(metrics - len(METRICS)))
    names = METRICS + terms
    knobs = tuple(
        Knob(f"reward/term_{i}/weight", "reward", value=1.0, default=1.0, takes_effect="next iteration")
        for i in range(150)
    )
    journal = JournalWriter(folder.journal)
    number = 0

    def append(body: TrainerBody) -> None:
        nonlocal number
        journal.append(encode(Frame(number, 1.7e9 + number, body)))
        number += 1

    append(
        RunStarted(
            run=name,
            preset="g1-walk",
            backend="mjlab",
            task=task,
            device="cuda:0",
            num_envs=4096,
            iterations=iterations,
            seed=42,
            pid=1,
        )
    )
    append(KnobsAvailable(0, knobs))
    append(PhaseChanged("training"))
    append(MetricSet(0, names))
    generator = np.random.default_rng(0)
    for start in range(0, iterations, _BLOCK):
        count = min(_BLOCK, iterations - start)
        learnt = 1 - np.exp(-np.arange(start, start + count) / (iterations / 4))[:, None]
        values = (learnt * (1 + 0.1 * generator.standard_normal((count, len(names))))).astype("<f4")
        for iteration, row in enumerate(values, start):
            left = float(iterations - iteration)
            steps = (iteration + 1) * 98304
            append(
                IterationFinished(
                    iteration, metric_set=0, values=row.tobytes(), environment_steps=steps, seconds_left=left
                )
            )
            if iteration % 50 == 0:
                append(CheckpointSaved(iteration, f"model_{iteration}.pt"))
    append(PhaseChanged("finished"))
    journal.close()
    return folder


_BLOCK = 10_000


def make_runs(log_root: Path, count: int) -> None:
    """Write `count` finished runs with the same content."""
    first = make_run(log_root, "2026-01-01_00-00-00_run-00", 10_000, 60)
    for number in range(1, count):
        folder = RunFolder(log_root / "benchmark" / f"2026-01-01_00-{number:02}-00_run-{number:02}")
        folder.path.mkdir()
        copyfile(first.spec_file, folder.spec_file)
        copyfile(first.journal, folder.journal)


def attach(cwd: Path, folder: RunFolder) -> Opened:
    """Start the program with a run."""
    program = Program(cwd, "attach", str(folder.path))
    return _measured(program, b"finished", _CHARTS)


def open_from_list(cwd: Path) -> Opened:
    """Open the only run from the list of runs."""
    program = Program(cwd)
    program.read(b"start a training")
    program.press(b"r")
    program.read(b"finished")
    program.press(b"\r")
    return _measured(program, b"finished", _CHARTS)


def open_list(cwd: Path) -> Opened:
    """Open the list of runs."""
    program = Program(cwd)
    program.read(b"start a training")
    program.press(b"r")
    return _measured(program, b"64 runs", _ROWS)


def _measured(program: Program, awaited: bytes, region: tuple[slice, slice]) -> Opened:
    opened = program.opened(program.read(awaited), region)
    program.close()
    return opened


def write_chart(cwd: Path, folder: RunFolder) -> Opened:
    """Write a chart of one metric."""
    began = time.perf_counter()
    command = [PROGRAM, "chart", str(folder.path), "reward", "-o", str(cwd / "chart.svg"), "--force"]
    pid = os.spawnv(os.P_NOWAIT, PROGRAM, command)
    _, _, used = os.wait4(pid, 0)
    return Opened(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def measure_huge(times: int) -> dict[str, list[Opened]]:
    """Open a run of 2 GB."""
    rows: dict[str, list[Opened]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = make_run(Path(scratch) / "logs/rsl_rl", "2026-01-01_00-00-00", 1_000_000, 480)
        size = folder.journal.stat().st_size / 1e9
        for _ in range(times):
            rows.setdefault(f"attach, journal of {size:.1f} GB", []).append(attach(Path(scratch), folder))
            rows.setdefault(f"chart of one metric, {size:.1f} GB", []).append(write_chart(Path(scratch), folder))
    return rows


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    _print(measure_huge(times) if sys.argv[2:] == ["huge"] else measure(times))


def measure(times: int) -> dict[str, list[Opened]]:
    """Open the other runs."""
    with tempfile.TemporaryDirectory() as scratch:
        long, longest, many = (Path(scratch) / name for name in ("long", "longest", "many"))
        of_long = make_run(long / "logs/rsl_rl", "2026-01-01_00-00-00", 100_000, 100)
        of_longest = make_run(longest / "logs/rsl_rl", "2026-01-01_00-00-00", 1_000_000, 12)
        make_runs(many / "logs/rsl_rl", 64)
        rows: dict[str, list[Opened]] = {}
        for _ in range(times):
            for name, measured in (
                ("100,000 × 100, from the start of the process", lambda: attach(long, of_long)),
                ("100,000 × 100, from Enter in the list of runs", lambda: open_from_list(long)),
                ("1,000,000 × 12, from the start of the process", lambda: attach(longest, of_longest)),
                ("64 runs of 10,000 × 60, from the key to the list", lambda: open_list(many)),
            ):
                rows.setdefault(name, []).append(measured())
    return rows


def _print(rows: dict[str, list[Opened]]) -> None:
    print(f"{'':<52}{'seconds':>9}{'CPU s':>9}{'peak MiB':>10}")
    for name, opened in rows.items():
        print(f"{name:<52}{_medians(opened)}")


def _medians(opened: Sequence[Opened]) -> str:
    seconds, cpu, peak = (
        statistics.median(values) for values in zip(*((o.seconds, o.cpu, o.peak) for o in opened), strict=True)
    )
    return f"{seconds:>9.2f}{cpu:>9.2f}{peak:>10.0f}"


if __name__ == "__main__":
    main()
