"""What all routes of a server share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from tui.http.jobs import JobList
from tui.http.policies import Policies
from tui.http.refusals import TooManyStreams
from tui.session.agents.observed import ObservedRuns

_MOST_STREAMS = 32
"""Responses that last until their run ends."""
_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


class Door:
    """Runs, and what was asked for by clients of this server."""

    def __init__(self, log_root: Path, most_live: int) -> None:
        self.jobs = JobList(log_root, most_live)
        self.runs = ObservedRuns(log_root)
        self.policies = Policies()
        self._streams = 0

    @staticmethod
    async def in_thread(
        work: Callable[_Parameters, _Result], *arguments: _Parameters.args, **named: _Parameters.kwargs
    ) -> _Result:
        """Do blocking work off the event loop."""
        return await run_in_threadpool(work, *arguments, **named)

    def stream(self, parts: AsyncIterator[bytes], media_type: str) -> StreamingResponse:
        """Return a response that lasts. Raises `TooManyStreams`."""
        if self._streams >= _MOST_STREAMS:
            raise TooManyStreams(f"expected at most {_MOST_STREAMS} streams at once: close one")
        return StreamingResponse(self._counted(parts), media_type=media_type)

    async def _counted(self, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        self._streams += 1
        try:
            async for part in parts:
                yield part
        finally:
            self._streams -= 1
