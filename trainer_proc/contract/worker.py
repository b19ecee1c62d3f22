"""Processes that do one piece of work beside a training: evaluate a policy, record a rollout, render a video.

`python -m MODULE REQUEST` prints one JSON object a line: any number of `Progress`, then one result or one `Refusal`.
`REQUEST` is the request in JSON, a file that has one, or `-`: then it is the first line of standard input, and the end
of the input cancels the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from curricula.errors import UserError

Result = TypeVar("Result", bound=msgspec.Struct)


class Progress(msgspec.Struct, frozen=True, tag=True):
    """How far the work is."""

    done: int
    """Environment steps or frames finished; 0 while the environment is built."""
    total: int
    """Environment steps or frames in all; 0 while unknown."""
    text: str = ""
    """What happens now, in a few words."""


class Refusal(msgspec.Struct, frozen=True, tag=True):
    """Why there is no result; nothing was written."""

    error: str
    """One line: expected, got, what to do."""
    exit_code: int = 1
    """1: it failed. 2: the request can't be carried out."""


@dataclass(frozen=True)
class Worker(Generic[Result]):
    """A kind of work: the module of its process, its name in messages, and the type of its result (a tagged struct)."""

    module: str
    what: str
    result: type[Result]


class WorkerError(UserError):
    """There is no result; the message is one line that says why and what to do."""


class WorkerRefused(WorkerError):
    """The request can't be carried out, now or later."""

    exit_code = 2
