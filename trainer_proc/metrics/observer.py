"""Runs what only observes a training, so that no failure of an observation ends the training.

Users' algorithms, runners and environments differ from those of the libraries. What can't be observed is left out, and
the reason is reported once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from curricula.errors import UserError
from trainer_proc.contract.errors import one_line

_Result = TypeVar("_Result")


class NotObservable(UserError):
    """The training does not have what is to be observed; the message is the reason, in one line."""


class Observer:
    """Attempts observations by name; one that has failed is left out from then on. Used by the training thread.

    `report(what, reason)` is called once for each name; both are texts for the user.
    """

    def __init__(self, report: Callable[[str, str], None] = lambda what, reason: None) -> None:
        self._report = report
        self._left_out: set[str] = set()
        self.missing: dict[str, str] = {}
        """Reason by name of what could not be observed at least once."""

    def is_missing(self, what: str, reason: str) -> None:
        """Report that `what` could not be observed this time."""
        if what not in self.missing:
            self.missing[what] = reason
            self._report(what, reason)

    def leave_out(self, what: str, reason: str) -> None:
        """Leave `what` out from now on."""
        self._left_out.add(what)
        self.is_missing(what, reason)

    def attempt(self, what: str, observe: Callable[[], _Result]) -> _Result | None:
        """Return the result of `observe`; None if it fails, or if `what` is left out."""
        if what in self._left_out:
            return None
        try:
            return observe()
        except Exception as error:  # users' objects raise anything
            self.leave_out(what, one_line(error))
            return None

    def attempt_again(self, what: str, observe: Callable[[], _Result]) -> _Result | None:
        """Like `attempt`, but also after a failure: the next time may succeed."""
        try:
            return observe()
        except Exception as error:  # as above
            self.is_missing(what, one_line(error))
            return None
