"""Event files of one run, read in portions, oldest file first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.session.watch.log_folder import LoggedFile, LoggedRun
from tui.session.watch.record_file import RecordFile
from tui.session.watch.scalars import Chunk, Parcel, ScalarReader
from tui.session.watch.step_scale import StepScale

PORTION_BYTES = 1 << 20
"""Bytes read at once: about ten thousand scalars, some 10 ms."""
_FILES_IN_USE = 8
"""The newest files, looked at each time; others only once the listing of the folder shows a change."""


@dataclass(frozen=True)
class Portion:
    """Part of a run's event files, read at once."""

    run: str
    chunks: tuple[Chunk, ...] = ()
    """New points by metric, in the order in which they were logged."""
    is_first: bool = False
    """Whether the run is read from its beginning: what was read before is void."""
    bytes_read: int = 0
    size: int = 0
    """Total bytes of the run's files."""
    problems: tuple[str, ...] = ()
    """All problems so far, one line each."""
    files: Sequence[str] = ()
    """Names of all files, by age."""


class _File:
    def __init__(self, listed: LoggedFile, age: int) -> None:
        self.listed = listed
        self.age = age
        self.records = RecordFile(listed.path)
        self.seen: tuple[int, float] | None = None
        """Size and modification time when it was read to its end."""
        self.size = 0
        self.is_read = False
        self.problem = ""

    @property
    def progress(self) -> tuple[int, int]:
        """Bytes read and total bytes; an incomplete last record counts as read."""
        if self.is_read:
            return self.size, self.size
        return self.records.bytes_read, max(self.size, self.records.bytes_read, self.listed.size)

    @property
    def problems(self) -> list[str]:
        name, records = self.listed.path.name, self.records
        problems = [self.problem] if self.problem else []
        if records.bytes_damaged:
            problems.append(f"{name} is damaged: {records.bytes_damaged} bytes skipped")
        if records.bytes_left and not records.bytes_read:
            problems.append(f"{name} is not an event file")
        elif records.bytes_left:
            problems.append(f"the last {records.bytes_left} bytes of {name} are unreadable")
        return problems


class RunReader:
    """Reads one run; used by one thread."""

    def __init__(self, run: LoggedRun) -> None:
        """Raise `EventFileError` without TensorBoard's package."""
        self._run: LoggedRun | None = None
        self._reported: tuple[int, int, tuple[str, ...]] | None = None
        self.take_files(run)

    def take_files(self, run: LoggedRun) -> None:
        """Take the run's files as they are now.

        If one is gone, or is older than others that were read, the run is read again: nothing tells its points from
        those of other files.
        """
        if run is self._run:
            return
        before = self._files if self._run is not None else {}
        self._run = run
        listed = {file.path: file for file in run.files}
        known = list(before)
        if not known or list(listed)[: len(known)] != known:
            self._begin()
        for age, (path, file) in enumerate(listed.items()):
            if path not in self._files:
                self._files[path] = _File(file, age)
                self._names.append(path.name)
                self._count(self._files[path], (0, 0))
                self._unread[path] = None
            elif (file.size, file.changed) != (self._files[path].listed.size, self._files[path].listed.changed):
                self._files[path].listed = file
                self._unread[path] = None

    def read_next(self, most_bytes: int = PORTION_BYTES) -> Portion | None:
        """Return the next new portion, of about `most_bytes` and in the files' order; None if there is nothing new."""
        for path in list(self._files)[-_FILES_IN_USE:]:
            self._unread.setdefault(path)
        parcels: list[Parcel] = []
        taken = 0
        for path in sorted(self._unread, key=lambda path: self._files[path].age):
            file = self._files[path]
            if taken >= most_bytes:
                break
            records = self._read(file, most_bytes)
            if file.records.beginnings > 1:  # another file has its name now
                return self._again()
            if records:
                parcels.append(Parcel(records, file.age, file.listed.part))
                taken += sum(map(len, records))
            if file.is_read:
                del self._unread[path]
        chunks = tuple(Chunk(self._scale.place(one.batch), one.purge_from) for one in self._scalars.read(parcels))
        now = (self._bytes_read, self._size, self._all_problems())
        if not chunks and self._reported == now:
            return None
        is_first, self._reported = self._reported is None, now
        return Portion(self._name, chunks, is_first, *now, self._names)

    @property
    def _name(self) -> str:
        assert self._run is not None
        return self._run.name

    def _begin(self) -> None:
        self._scalars = ScalarReader()
        self._scale = StepScale()
        self._files: dict[Path, _File] = {}
        self._names: list[str] = []
        self._unread: dict[Path, None] = {}
        self._bytes_read = self._size = 0
        self._problems: dict[Path, list[str]] = {}
        self._reported = None

    def _again(self) -> Portion | None:
        run, self._run = self._run, None
        assert run is not None
        self.take_files(run)
        return self.read_next()

    def _read(self, file: _File, most_bytes: int) -> list[bytes]:
        before = file.progress
        path = file.listed.path
        try:
            status = path.stat()
            now = (status.st_size, status.st_mtime)
            if file.seen == now:
                return []
            records = file.records.read(most_bytes)
            is_read = not records or file.records.bytes_read >= status.st_size
        except OSError as error:
            file.is_read, file.problem = True, f"can't read {path.name}: {error.strerror}"
            records = []
        else:
            file.size, file.is_read, file.problem = status.st_size, is_read, ""
            file.seen = now if is_read else None
        self._count(file, before)
        return records

    def _count(self, file: _File, before: tuple[int, int]) -> None:
        """Update the totals after a change of one file, whose progress was `before`."""
        read, size = file.progress
        self._bytes_read += read - before[0]
        self._size += size - before[1]
        if problems := file.problems:
            self._problems[file.listed.path] = problems
        else:
            self._problems.pop(file.listed.path, None)

    def _all_problems(self) -> tuple[str, ...]:
        problems = [problem for path in sorted(self._problems) for problem in self._problems[path]]
        if count := self._scalars.records_damaged:
            problems.append(f"{count} unreadable record{'s' * (count != 1)} skipped")
        return tuple(problems)
