"""What can be said to a person when a training can't be had."""

from __future__ import annotations

from curricula.errors import UserError


class TrainingProblem(UserError):
    """The training can't begin or go on; the message is one line that says what to do."""


def one_line(error: BaseException) -> str:
    """Return the kind of an error that this program didn't raise, and its message, without line breaks and not long."""
    if isinstance(error, TrainingProblem):
        return str(error)
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= 300 else f"{text[:300]}…"
