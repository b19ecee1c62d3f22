"""A trainer's log of any length, a page at a time, from its end.

The end is readable at once. Earlier lines are indexed step by step and then precede the known ones: `LogPage.go_to`
is the new position of the screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal

from curricula.regular_files import open_file
from tui.session.log.index import LogIndex, LogLine
from tui.session.log.levels import LEVELS, Level
from tui.session.log.line_set import AllLines, LineSet
from tui.session.log.search import LogSearch

Direction = Literal["next", "previous", "nearest"]
_END = 256 * 1024
"""Bytes at the end of a long file, read first."""
_LONGEST_COPY = 2000
"""Lines."""
_LAST_LINES = 8
"""Lines at the end among which the newest one that is not blank is looked for."""


@dataclass(frozen=True)
class LogView:
    """The visible rows, from `top` on, of all lines or of those with `level` or more."""

    top: int = 0
    height: int = 0
    follows: bool = True
    level: Level = "info"


@dataclass(frozen=True)
class LogPage:
    """Rows of a log, from row `first` of `rows` on, with the state of the whole log."""

    first: int
    lines: tuple[LogLine, ...]
    levels: tuple[Level, ...]
    rows: int
    view: LogView
    go_to: int | None = None
    """Row to scroll to, if it is not the requested one."""
    found: int | None = None
    """Row of the line that a jump led to."""
    needle: str = ""
    matches: int = 0
    """Number of lines with `needle`."""
    match: int | None = None
    """Place of the current match among them, from 1."""
    searched: float = 1.0
    """Searched share of the log, 0 to 1."""
    indexed: float = 1.0
    """Indexed share of the log, 0 to 1."""
    size_bytes: int = 0
    note: str = ""
    newest: LogLine | None = None
    """The last line of the log that is not blank, wherever the view is; None if the last few are blank."""
    newest_level: Level = "info"
    errors: int = 0
    """Number of lines with errors."""


class ConsoleLog:
    """One log file, which need not exist yet; used by one thread. All methods raise `OSError`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self._identity = (0, 0)
        self._size = 0
        self._index = LogIndex()
        self._whole: LogIndex | None = None  # from the file's beginning, until it reaches what is known of its end
        self._search: LogSearch | None = None
        self._line: int | None = None  # the current one
        self._note = ""  # on how it was reached
        self._added = 0  # lines before those that the screen knows of

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

    # --- indexing ---

    def work(self) -> bool:
        """Index the next bytes, newest first; return whether anything has changed."""
        size = self._look_at_file()
        if self._file is None:
            return False
        has_changed = self._index.advance(self._file, size)
        if not has_changed and self._whole is not None:
            has_changed = self._whole.advance(self._file, size)
            if self._whole.scanned >= self._index.scanned:
                self._put_whole_in_place()
        if not has_changed and self._search is not None:
            has_changed = self._search.advance(self._file)
        return has_changed

    def _look_at_file(self) -> int:
        """Return the file's size; start again if the file was replaced or truncated."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._begin(None, 0)
            return 0
        identity = (status.st_dev, status.st_ino)
        if self._identity != identity or status.st_size < self._index.scanned:
            self._begin(open_file(self._path), status.st_size)
            self._identity = identity
        self._size = status.st_size
        return status.st_size

    def _begin(self, file: IO[bytes] | None, size: int) -> None:
        """Reset the index; a long file is indexed from its end first."""
        self.close()
        self._file, self._identity, self._size = file, (0, 0), size
        self._index, self._whole = LogIndex(), None
        self._line, self._note, self._added = None, "", 0
        if file is not None and size > 2 * _END:
            file.seek(size - _END)
            file.readline(_END)
            self._index, self._whole = LogIndex(file.tell()), LogIndex()
        if self._search is not None:
            self._search = LogSearch(self._search.needle, self._index)

    def _put_whole_in_place(self) -> None:
        """Switch to line numbers from the beginning of the file."""
        assert self._whole is not None
        self._added += self._whole.whole_lines - self._index.whole_lines
        if self._line is not None:
            self._line += self._whole.whole_lines - self._index.whole_lines
        self._index, self._whole = self._whole, None
        if self._search is not None:
            self._search = LogSearch(self._search.needle, self._index)

    # --- requests ---

    def search(self, needle: str) -> None:
        """Search `needle` from now on; an empty one ends the search."""
        self._search = LogSearch(needle, self._index) if needle else None
        self._line, self._note = None, ""

    @property
    def is_searching(self) -> bool:
        """Whether the search has indexed lines left."""
        return self._search is not None and not self._search.is_done

    def jump(self, view: LogView, direction: Direction) -> LogPage:
        """Go to a match, wrapping around at the ends; `nearest` is the one above the view's last row."""
        matches = self._search.lines if self._search is not None else LineSet()
        last = self._rows(view).line_at(self._last_row(view)) if len(self._rows(view)) else 0
        self._line, self._note = _neighbour(matches, self._rows(view), self._line, last, direction)
        return self._page_at(view)

    def jump_to_traceback(self, view: LogView) -> LogPage:
        """Go to the last traceback; each further call goes to the previous one."""
        tracebacks = self._index.levels.tracebacks
        at = self._line if self._line is not None and self._line in tracebacks else None
        last = self._index.line_count
        self._line, self._note = _neighbour(tracebacks, self._rows(view), at, last, "previous")
        if self._line is None:
            self._note = "no traceback"
        return self._page_at(view)

    def change_level(self, view: LogView, level: Level) -> LogPage:
        """Show another level, keeping the top line or the next shown one."""
        old = self._rows(view)
        line = old.line_at(min(view.top, len(old) - 1)) if len(old) else 0
        view = replace(view, level=level)
        return self.page(view, go_to=None if view.follows else self._rows(view).row_of(line))

    def copy(self) -> list[str]:
        """Return the line that was gone to, or all of the traceback that begins there."""
        if self._line is None or self._file is None:
            return []
        count = 1
        if self._line in self._index.levels.tracebacks:
            errors = self._index.levels.errors
            while count < _LONGEST_COPY and self._line + count in errors:
                count += 1
        return [line.text for line in self._index.lines(self._file, self._line, count)]

    def page(self, view: LogView, go_to: int | None = None) -> LogPage:
        """Return the rows that are to be seen, with as many above and below, at least 50."""
        rows = self._rows(view)
        if self._added and not view.follows and go_to is None:
            go_to = view.top + rows.row_of(self._added)
        self._added = 0
        if go_to is not None:
            view = replace(view, top=go_to)
        top = len(rows) - view.height if view.follows else view.top
        margin = max(view.height, 50)
        first = min(max(top - margin, 0), len(rows))
        lines = self._lines(rows, first, min(view.height + 2 * margin, len(rows) - first))
        search, line = self._search, self._line
        newest = self._newest()
        return LogPage(
            first=first,
            lines=tuple(lines),
            levels=tuple(self._index.levels.level(line.number) for line in lines),
            rows=len(rows),
            view=view,
            go_to=go_to,
            found=rows.row_of(line) if line is not None and line in rows else None,
            needle=search.needle if search is not None else "",
            matches=len(search.lines) if search is not None else 0,
            match=search.lines.row_of(line) + 1
            if search is not None and line is not None and line in search.lines
            else None,
            searched=search.share if search is not None else 1.0,
            indexed=self._whole.scanned / max(self._size, 1) if self._whole is not None else 1.0,
            size_bytes=self._size,
            note=self._note,
            newest=newest,
            newest_level="info" if newest is None else self._index.levels.level(newest.number),
            errors=len(self._index.levels.errors),
        )

    def _newest(self) -> LogLine | None:
        if self._file is None:
            return None
        last = self._index.lines(self._file, max(self._index.line_count - _LAST_LINES, 0), _LAST_LINES)
        return next((line for line in reversed(last) if line.text.strip()), None)

    def _page_at(self, view: LogView) -> LogPage:
        """Return the page with the current line, in the upper half of the screen if it was not visible."""
        rows = self._rows(view)
        if self._line is None or self._line not in rows:
            return self.page(view)
        row, top = rows.row_of(self._line), self._last_row(view) - view.height + 1
        go_to = max(top, 0) if top <= row < top + view.height else max(row - view.height // 3, 0)
        return self.page(replace(view, follows=False), go_to=go_to)

    def _last_row(self, view: LogView) -> int:
        rows = len(self._rows(view))
        return max(rows - 1 if view.follows else min(view.top + view.height, rows) - 1, 0)

    def _rows(self, view: LogView) -> AllLines | LineSet:
        """Return the lines of a view."""
        levels = self._index.levels
        if view.level == LEVELS[0]:
            return AllLines(self._index.line_count)
        return levels.warnings if view.level == "warning" else levels.errors

    def _lines(self, rows: AllLines | LineSet, first: int, count: int) -> list[LogLine]:
        """Read rows, consecutive lines at once."""
        if self._file is None:
            return []
        lines: list[LogLine] = []
        numbers = [rows.line_at(row) for row in range(first, first + count)]
        for begin, length in _runs(numbers):
            lines += self._index.lines(self._file, begin, length)
        return lines


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Return runs of consecutive numbers as (first, length)."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == runs[-1][0] + runs[-1][1]:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((number, 1))
    return runs


def _neighbour(
    lines: LineSet, shown: AllLines | LineSet, at: int | None, last: int, direction: Direction
) -> tuple[int | None, str]:
    """Return the shown line of a set next to `at`, and a note if the search wrapped around."""
    if not len(lines):
        return None, ""
    if direction == "next" and at is not None:
        row, step = lines.row_of(at + 1), 1
    else:  # upwards from the end of the view
        row, step = lines.row_of(last + 1 if at is None or direction == "nearest" else at) - 1, -1
    for tried in range(len(lines)):
        line = lines.line_at((row + step * tried) % len(lines))
        if line in shown:
            place = row + step * tried
            note = "" if 0 <= place < len(lines) else "from the top" if step > 0 else "from the end"
            return line, note
    return at, ""
