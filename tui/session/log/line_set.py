"""A set of line numbers that grows at its end, as runs of neighbours."""

from __future__ import annotations

from array import array
from bisect import bisect_right

LARGEST = 500_000
"""Most runs kept; beyond, the older half is dropped."""


class LineSet:
    """Line numbers (from 0) in order; a row is an index into them, from 0."""

    def __init__(self) -> None:
        self._firsts = array("Q")
        self._rows = array("Q")  # the row of each run's first line
        self._last = -1
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, line: int) -> None:
        """Add a line; ignored unless it is beyond all others."""
        if line <= self._last:
            return
        if not self._firsts or line != self._last + 1:
            self._firsts.append(line)
            self._rows.append(self._count)
            if len(self._firsts) > LARGEST:
                self._forget(LARGEST // 2)
        self._last = line
        self._count += 1

    def line_at(self, row: int) -> int:
        """Return the line at a row (0 to the count - 1)."""
        run = bisect_right(self._rows, row) - 1
        return self._firsts[run] + row - self._rows[run]

    def row_of(self, line: int) -> int:
        """Return the number of lines before `line`: its row, if it is in the set."""
        run = bisect_right(self._firsts, line) - 1
        if run < 0:
            return 0
        after = self._rows[run + 1] if run + 1 < len(self._rows) else self._count
        return min(self._rows[run] + line - self._firsts[run], after)

    def __contains__(self, line: int) -> bool:
        row = self.row_of(line)
        return row < self._count and self.line_at(row) == line

    def _forget(self, runs: int) -> None:
        rows = self._rows[runs]
        self._firsts = self._firsts[runs:]
        self._rows = array("Q", (row - rows for row in self._rows[runs:]))
        self._count -= rows


class AllLines:
    """All lines of a text, with the interface of `LineSet`."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def line_at(self, row: int) -> int:
        return row

    def row_of(self, line: int) -> int:
        return min(line, self._count)

    def __contains__(self, line: int) -> bool:
        return 0 <= line < self._count
