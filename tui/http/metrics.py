"""Metrics of a run: newest values, points, and a stream of server-sent events."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

import msgspec

from trainer_proc.contract.codec import unpack_values
from trainer_proc.contract.connection import is_live
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import Frame, IterationFinished, MetricSet
from trainer_proc.contract.run_folder import RunFolder
from tui.http.messages import MetricQuery, Metrics, Points
from tui.http.refusals import Invalid
from tui.session.agents.observed import ObservedRuns
from tui.session.metrics.column_reader import ColumnReader
from tui.session.runs.run_index import read_run

_POLL_SECONDS = 0.25
_ALIVE_SECONDS = 15.0
"""Time after which a silent stream sends a comment, so that nothing between takes it for dead."""
_LARGEST_EVENTS = 256 * 1024
"""Bytes of events that are sent at once."""


def metrics(folder: RunFolder, runs: ObservedRuns, query: MetricQuery) -> Metrics:
    """Return newest values, and the points of the metrics that `query` names. Raises `Invalid`."""
    with runs.reading(folder) as run:
        series = run.history.series
        for name in query.name:
            if name not in series:
                raise Invalid(f"no such metric: {name}", tuple(series))
        run.history.load(query.name)
        points: dict[str, Points] = {}
        for name in query.name:
            numbers, values = series[name].xs, series[name].ys
            first = max(int(numbers.searchsorted(query.since)), len(numbers) - query.limit)
            points[name] = Points(numbers[first:].tolist(), [_finite(value) for value in values[first:].tolist()])
        return Metrics(run.state.iteration, _all_finite(run.state.latest), points)


async def events(folder: RunFolder, since: int | None) -> AsyncIterator[bytes]:
    """Yield an event for each iteration from `since` on, by default the newest, and `end` when the run has ended.

    The id of an event is its iteration.
    """
    reader = _EventReader(folder, since)
    silent_since = time.monotonic()
    while True:
        was_live = await asyncio.to_thread(is_live, folder)  # before reading: it may add frames and then end
        data = await asyncio.to_thread(reader.read)
        if data or time.monotonic() - silent_since > _ALIVE_SECONDS:
            silent_since = time.monotonic()
            yield data or b": alive\n\n"
        elif not was_live and reader.is_complete:
            status = (await asyncio.to_thread(read_run, folder)).summary().status
            if status != "starting":
                yield _event("end", {"status": status})
                return
        if reader.is_complete:
            await asyncio.sleep(_POLL_SECONDS)


class _EventReader:
    """Reads the journal of a run as events."""

    def __init__(self, folder: RunFolder, since: int | None) -> None:
        # only the newest iteration of what there is: a long journal need not be decoded
        self._journal: JournalReader = (
            JournalReader(folder.journal) if since is not None else ColumnReader(folder.journal)
        )
        self._pieces = self._journal.read_pieces()
        self._since = since
        self._names: dict[int, tuple[str, ...]] = {}
        self.is_complete = False
        """Whether the last `read` has reached the end of the journal."""

    def read(self) -> bytes:
        """Return the next events, or empty; see `is_complete`. Raises `JournalUnreadable` or `OSError`."""
        if self._since is None:
            newest = list(self._iterations(frame for frames in self._journal.read_pieces() for frame in frames))[-1:]
            if newest:
                self._since = newest[0].iteration
            self.is_complete = True
            return b"".join(map(self._encoded, newest))
        data = bytearray()
        if self.is_complete:
            self._pieces, self.is_complete = self._journal.read_pieces(), False
        for frames in self._pieces:
            for body in self._iterations(frames):
                if body.iteration >= self._since:
                    data += self._encoded(body)
            if len(data) > _LARGEST_EVENTS:
                return bytes(data)
        self.is_complete = True
        return bytes(data)

    def _iterations(self, frames: Iterable[Frame]) -> Iterator[IterationFinished]:
        for frame in frames:
            if isinstance(frame.body, MetricSet):
                self._names[frame.body.id] = frame.body.names
            elif isinstance(frame.body, IterationFinished):
                yield frame.body

    def _encoded(self, body: IterationFinished) -> bytes:
        names = self._names.get(body.metric_set, ())  # none if they came in a frame that was skipped
        values = _all_finite(dict(zip(names, unpack_values(body.values), strict=False)))
        content = {"iteration": body.iteration, "seconds_left": _finite(body.seconds_left), "values": values}
        return _event("iteration", content, body.iteration)


def _event(name: str, content: Mapping[str, object], number: int | None = None) -> bytes:
    head = f"id: {number}\n" if number is not None else ""
    return f"{head}event: {name}\ndata: ".encode() + msgspec.json.encode(content) + b"\n\n"


def _all_finite(values: dict[str, float]) -> dict[str, float | None]:
    return {name: _finite(value) for name, value in values.items()}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
