"""Refusals of a request, with the status code that tells a program what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from curricula.errors import UsageError, UserError
from tui.session.backends.environment import LaunchError
from tui.session.backends.named_code import CodeNotAllowed
from tui.session.launching.task_names import UnknownTask


class Refusal(UserError):
    """A request that can't be carried out; `status` is an HTTP status code."""

    status: ClassVar[int] = 409
    """409: not now, or not in this state of the run."""

    def __init__(self, message: str, headers: Mapping[str, str] | None = None) -> None:
        """`headers` are added to the response."""
        super().__init__(message)
        self.headers = dict(headers or {})


class NotFound(Refusal):
    """There is no such thing."""

    status = 404


class Malformed(Refusal):
    """The body is no JSON."""

    status = 400


class NoJson(Refusal):
    """The body is declared as something else than JSON."""

    status = 415


class TooManyStreams(Refusal):
    """No more responses that last can be open."""

    status = 429


class OutOfRange(Refusal):
    """The range of bytes lies outside of the file."""

    status = 416


class Invalid(Refusal):
    """A value is not accepted; `expected` are all accepted ones, where there is a list."""

    status = 422

    def __init__(self, message: str, expected: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.expected = expected


def status_of(error: UserError) -> int:
    """Return the status code for an error of the core."""
    match error:
        case Refusal():
            return error.status
        case CodeNotAllowed():
            return 403
        case UsageError():
            return 422
        case LaunchError():
            return 503
    return 409


def expected_of(error: UserError) -> tuple[str, ...]:
    """Return all accepted values, if the error has a list of them."""
    match error:
        case Invalid(expected=expected):
            return expected
        case UnknownTask(known=known):
            return known
    return ()
