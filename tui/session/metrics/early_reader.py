"""A reader of long journals that begins at once, while the screen for them is still being built."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from trainer_proc.contract.messages import Frame
from tui.session.metrics.column_reader import ColumnReader

_MOST_FRAMES = 32_000
"""Read before anyone asks; bounds memory."""


class EarlyReader(ColumnReader):
    """Reads as `ColumnReader`; the first read waits for what a thread of its own has begun to read."""

    def __init__(self, path: Path, at_once: Callable[[str], bool] | None = None) -> None:
        super().__init__(path, at_once)
        self._ahead = ColumnReader(path, at_once)
        self._frames: list[Frame] = []
        self._error: Exception | None = None
        self._thread: threading.Thread | None = threading.Thread(target=self._run, name="reading early", daemon=True)
        self._thread.start()

    def skip_before(self, number: int) -> bool:
        if self._thread is not None:  # what it has read may be too much
            self._thread.join()
            self._thread = None
        return super().skip_before(number)

    def read_pieces(self) -> Iterator[list[Frame]]:
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            self.offset, self._last, self._places = self._ahead.offset, self._ahead._last, self._ahead._places
            if self._error is not None:
                raise self._error
            frames, self._frames = self._frames, []
            if frames:
                yield frames
        yield from super().read_pieces()

    def _run(self) -> None:
        try:
            for frames in self._ahead.read_pieces():
                self._frames += frames
                if len(self._frames) >= _MOST_FRAMES:
                    return
        except Exception as error:
            self._error = error
