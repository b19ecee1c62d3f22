"""Stand-ins for what a reader of frames can't decode, or need not; they are never sent."""

from __future__ import annotations

import msgspec


class UnknownBody(msgspec.Struct, frozen=True, tag=True):
    """Stands in for a body of an unknown kind; never sent, only decoded."""

    kind: str
    """The unknown kind."""


class Damaged(msgspec.Struct, frozen=True, tag=True):
    """Stands in for bytes of a journal that are no frame; never sent, only made by a reader of the journal.

    Its frame repeats number and time of the one before.
    """

    start: int
    """Position in the journal, in bytes."""
    size: int
    """Number of bytes that were skipped."""


class StoredIterations(msgspec.Struct, frozen=True, tag=True):
    """Stands in for iterations of a journal with evenly spaced numbers, in records of equal length.

    Never sent, only made by a reader. Its frame repeats number and time of the one before.
    """

    path: str
    """The journal."""
    parts: tuple[tuple[int, int], ...]
    """Byte at which each group of records begins, and number of its records; other frames may lie between."""
    record: int
    """Bytes of a record."""
    metric_set: int
    first_iteration: int
    step: int
    """Distance from one iteration to the next."""

    @property
    def count(self) -> int:
        """Number of iterations."""
        return sum(count for _, count in self.parts)
