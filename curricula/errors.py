"""Errors that are shown to the user, and suggestions for names that do not exist.

`curricula` imports no other package of this project and every other package imports it, so what all share lives here.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from typing import ClassVar

_LONGEST_NAME, _MOST_COMPARED = 200, 6
"""Characters of a name, and known names, that are compared in full: that takes 0.1 ms each."""


class UserError(Exception):
    """An error shown to the user as one line: expected, got, what to do.

    `exit_code` is what a command returns: 1 for refused or failed, 2 for wrong use. `hint` says what to do about it;
    it follows the message.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.hint = hint


class UsageError(UserError):
    """The request itself is wrong: an unknown name, a value out of range, a missing argument."""

    exit_code: ClassVar[int] = 2


def suggestion(
    name: str, known: Iterable[str], *, count: int = 3, cutoff: float = 0.4, or_all: bool = False, prefix: str = ""
) -> str:
    """Return `; nearest: a, b`, the `count` known names that are most similar to `name`, to follow a message.

    Each nearest name comes with the `prefix`, such as the path that leads to it. If none reaches the similarity
    `cutoff` (0 to 1, `difflib`): empty, or `; there are …` with all names for `or_all`.
    """
    import difflib  # rarely needed, and not free at start-up

    names = list(known)
    if nearest := difflib.get_close_matches(name[:_LONGEST_NAME], _likeliest(name, names), n=count, cutoff=cutoff):
        return f"; nearest: {', '.join(f'{prefix}{name}' for name in nearest)}"
    return f"; there are {', '.join(names) or 'none'}" if or_all else ""


def _likeliest(name: str, names: list[str]) -> list[str]:
    """Return the names that share most pairs of letters with `name`."""
    if len(names) <= _MOST_COMPARED:
        return names
    pairs = _pairs(name[:_LONGEST_NAME])

    def likeness(known: str) -> float:
        return len(pairs & _pairs(known)) / (len(pairs) + len(_pairs(known)) + 1)

    return sorted(names, key=likeness, reverse=True)[:_MOST_COMPARED]


@lru_cache(maxsize=4096)
def _pairs(name: str) -> frozenset[str]:
    return frozenset(map("".join, pairwise(name)))


def message_of(error: BaseException, longest: int | None = None) -> str:
    """Return the error's message as one line, cut to `longest` characters; other libraries' messages may have more."""
    return " ".join(str(error).split())[:longest]
