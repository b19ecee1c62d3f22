"""One request as routes get it, and one row of the table of routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from trainer_proc.contract.run_folder import RunFolder
from tui.http.door import Door


@dataclass(frozen=True)
class Call:
    """A request, checked: `body` and `query` are of the types of its route."""

    door: Door
    request: Request
    body: Any
    query: Any
    content: bytes
    """The body as it was sent."""

    @property
    def address(self) -> str:
        """Address by which the client knows the server."""
        return f"http://{self.request.headers['host']}"

    @property
    def job_id(self) -> str:
        return str(self.request.path_params["job_id"])

    @property
    def run(self) -> RunFolder:
        """The run of the job. Raises `NotFound`."""
        return self.door.jobs.find(self.job_id)

    @property
    def number(self) -> int:
        return int(self.request.path_params["number"])


Answer = Callable[[Call], Any]
Stream = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True)
class Route:
    """One method of a path. `answer` blocks and returns the body of the response; `stream` returns the response."""

    method: str
    path: str
    summary: str
    answer: Answer | None = None
    stream: Stream | None = None
    body: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    result: Any = None
    """Type of the response's body."""
    status: int = 200
    media_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    """Headers of the request that matter, with their description."""
