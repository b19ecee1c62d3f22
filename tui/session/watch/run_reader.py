"""Event files of one run, read in portions, oldest file first."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tui.session.watch.log_folder import LoggedRun
from tui.session.watch.record_file import RecordFile
from tui.session.watch.scalars import Batch, ScalarReader
from tui.session.watch.step_scale import StepScale

PORTION_BYTES = 1 << 20
"""Bytes read at once: about ten thousand scalars, some 10 ms."""


@dataclass(frozen=True)
class Portion:
    """Part of a run's event files, read at once."""

    run: str
    batch: Batch
    """New points by metric."""
    again_from: dict[str, int] = field(default_factory=dict)
    """Step by metric from which the points replace earlier ones: a restarted training logs those steps again."""
    bytes_read: int = 0
    size: int = 0
    """Total bytes of the run's files."""
    problems: tuple[str, ...] = ()
    """All problems so far, one line each."""


@dataclass
class _File:
    records: RecordFile
    seen: tuple[int, float] | None = None
    """Size and modification time when it was read to its end."""
    size: int = 0
    is_read: bool = False
    problem: str = ""


class RunReader:
    """Reads one run; used by one thread."""

    def __init__(self, run: LoggedRun) -> None:
        """Raise `EventFileError` without TensorBoard's package."""
        self._run = run
        self._scalars = ScalarReader()
        self._scale = StepScale()
        self._files: dict[Path, _File] = {}
        self._last: dict[str, tuple[int, tuple[Path, int]]] = {}
        self._reported: object = None
        self.take_files(run)

    def take_files(self, run: LoggedRun) -> None:
        """Add the run's new files."""
        self._run = run
        self._files |= {path: _File(RecordFile(path)) for path in run.files if path not in self._files}

    def read_next(self, most_bytes: int = PORTION_BYTES) -> Portion | None:
        """Return the next new portion, in the files' order; None if there is nothing new."""
        for path in sorted(self._files):
            file = self._files[path]
            records = self._read(path, file, most_bytes)
            if records:
                return self._portion((path, file.records.beginnings), self._scale.place(self._scalars.read(records)))
        if self._reported != (now := (self._progress(), self._problems())):  # for example an unreadable end
            self._reported = now
            return Portion(self._run.name, {}, {}, *now[0], now[1])
        return None

    def _read(self, path: Path, file: _File, most_bytes: int) -> list[bytes]:
        try:
            status = path.stat()
            now = (status.st_size, status.st_mtime)
            if file.seen == now:
                return []
            records = file.records.read(most_bytes)
        except OSError as error:
            file.is_read, file.problem = True, f"can't read {path.name}: {error.strerror}"
            return []
        file.size, file.is_read, file.problem = status.st_size, not records, ""
        if not records:
            file.seen = now
        return records

    def _portion(self, origin: tuple[Path, int], batch: Batch) -> Portion:
        again_from: dict[str, int] = {}
        for name, points in batch.items():
            last, last_origin = self._last.get(name, (None, origin))
            first, newest = int(points.steps.min()), int(points.steps.max())
            if last is not None and last_origin != origin and first <= last:
                again_from[name] = first
            elif last is not None:
                newest = max(last, newest)
            self._last[name] = (newest, origin)
        progress, problems = now = self._progress(), self._problems()
        self._reported = now
        return Portion(self._run.name, batch, again_from, *progress, problems)

    def _progress(self) -> tuple[int, int]:
        """Return bytes read and total bytes; an incomplete last record counts as read."""
        files = self._files.values()
        read = sum(file.size if file.is_read else file.records.bytes_read for file in files)
        if all(file.is_read for file in files):
            return read, read
        return read, max(read, sum(max(file.size, file.records.bytes_read) for file in files), self._run.size)

    def _problems(self) -> tuple[str, ...]:
        problems = [file.problem for file in self._files.values() if file.problem]
        damaged = [(path.name, file.records.bytes_damaged) for path, file in self._files.items()]
        problems += [f"{name} is damaged: {count} bytes skipped" for name, count in damaged if count]
        left = [(path.name, file) for path, file in self._files.items() if file.records.bytes_left]
        problems += [
            f"{name} is not an event file"
            if not file.records.bytes_read
            else f"the last {file.records.bytes_left} bytes of {name} are unreadable"
            for name, file in left
        ]
        if count := self._scalars.records_damaged:
            problems.append(f"{count} unreadable record{'s' * (count != 1)} skipped")
        return tuple(problems)
