"""TensorBoard's event files, written so that a full disk or a moved folder delays records and loses none.

TensorBoard's own writer thread ends with the first error, and each later `add_scalar` raises it again.
"""

from __future__ import annotations

import importlib
import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from trainer_proc.contract.errors import one_line

_MOST_WAITING = 64 * 1024 * 1024
"""Bytes of records that wait for room; of more, the oldest are lost."""


class PatientFile:
    """A file for appending whose `write` never raises: data that can't be written waits for the next call.

    `report(problem)` is called when writing begins to fail, with one line, and with an empty text once all is written.
    """

    def __init__(self, path: str, report: Callable[[str], None]) -> None:
        self._path = path
        self._report = report
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._descriptor = -1
        self._end = 0
        self._problem = ""

    def write(self, data: bytes) -> None:
        """Append one record, now or later."""
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        self.flush()
        while self._waiting_bytes > _MOST_WAITING:
            self._waiting_bytes -= len(self._waiting.popleft())

    def flush(self) -> None:
        """Write what waits; only whole records count as written."""
        try:
            while self._waiting:
                self._append(self._waiting[0])
                self._waiting_bytes -= len(self._waiting.popleft())
            self._note("")
        except OSError as error:
            self._release()  # the next call looks for the file anew: a mount may have come back
            self._note(one_line(error))

    def close(self) -> None:
        """Write what waits, if possible, and close the file."""
        self.flush()
        self._release()

    def _append(self, record: bytes) -> None:
        if self._descriptor < 0:
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o644)
            self._end = min(self._end, os.fstat(self._descriptor).st_size)
        done = 0
        while done < len(record):  # a part that fits is written again with the rest: the end moves by whole records
            done += os.pwrite(self._descriptor, record[done:], self._end + done)
        self._end += len(record)

    def _note(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            self._report(problem)

    def _release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def make_event_files_patient(report: Callable[[str], None]) -> None:
    """Have writers of TensorBoard and tensorboardX that this process opens from now on write to a `PatientFile`."""
    with suppress(ImportError):  # a user's script may log elsewhere
        _make_tensorboard_patient(report)
    with suppress(ImportError):  # rl_games has it; its thread would end, and the full queue block the training
        record_file = importlib.import_module("tensorboardX.record_writer")
        record_file.open_file = partial(PatientFile, report=report)  # type: ignore[attr-defined]


def _make_tensorboard_patient(report: Callable[[str], None]) -> None:
    from tensorboard.summary.writer import event_file_writer
    from tensorboard.summary.writer.record_writer import RecordWriter

    def record_writer(file: Any) -> RecordWriter:
        path = getattr(file, "filename", None) or getattr(file, "name", None)  # of TensorBoard's stub, of TensorFlow
        return RecordWriter(PatientFile(os.fsdecode(path), report) if path is not None else file)

    event_file_writer.RecordWriter = record_writer
