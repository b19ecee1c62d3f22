"""Lists of runs on hosts, each read by a thread of its own: nobody waits for a host."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType

from tui.session.background import BackgroundThread
from tui.session.hosts.host import Host, HostError
from tui.session.hosts.protocol import HostReport, MachineLoad
from tui.session.hosts.rows import summary_of
from tui.session.hosts.stream import RepeatedStream
from tui.session.runs.run_index import RunSummary

_MOST_RUNS = 100_000
"""Of one host; more would exhaust memory."""


@dataclass(frozen=True)
class HostState:
    """What is known of a host. Neither a load nor a problem: it has not answered yet."""

    host: Host
    load: MachineLoad | None = None
    rows: dict[str, RunSummary] = field(default_factory=dict)
    """Its runs by their folders there, also while it doesn't answer."""
    problem: str = ""
    """Why it doesn't answer now, in one line."""

    @property
    def is_known(self) -> bool:
        return bool(self.problem) or self.load is not None


class HostWatch:
    """Keeps the `state` of one host up to date, and connects again after every failure."""

    def __init__(self, host: Host, on_change: Callable[[], None]) -> None:
        """Begin; `on_change` is called from another thread."""
        self.state = HostState(host)
        self._on_change = on_change
        self._is_first = True
        """Whether the next report has all runs."""
        self._stream = RepeatedStream(host)
        BackgroundThread(f"watching {host.name}", self._run, self._fail).start()

    def close(self) -> None:
        """End the thread; does not wait for it."""
        self._stream.close()

    def _run(self) -> None:
        self._stream.follow(self._begin, self._take, lambda error: self._fail(str(error)))

    def _begin(self) -> list[str]:
        self._is_first = True
        return ["host-report"]

    def _take(self, message: object) -> None:
        if not isinstance(message, HostReport):
            return
        rows = self.state.rows
        if self._is_first or message.changed or message.gone:  # else the same object: nothing is to be drawn again
            rows = {} if self._is_first else dict(rows)
        self._is_first = False
        for path in message.gone:
            rows.pop(path, None)
        rows |= {row.path: summary_of(self.state.host.name, row) for row in message.changed}
        if len(rows) > _MOST_RUNS:
            raise HostError(f"{self.state.host.name}: expected at most {_MOST_RUNS:,} runs, got {len(rows):,}")
        self.state = HostState(self.state.host, message.load, rows)
        self._on_change()

    def _fail(self, problem: str) -> None:
        if not self._stream.is_closing:
            self.state = replace(self.state, load=None, problem=problem)
            self._on_change()


class HostWatches:
    """Watches several hosts."""

    def __init__(self, hosts: Sequence[Host]) -> None:
        """Begin with all at once."""
        self._changed = threading.Condition()
        self.on_change: Callable[[], None] = lambda: None
        """Called from other threads."""
        self._watches: list[HostWatch] = []
        for host in hosts:
            self._watches.append(HostWatch(host, self._note))

    @property
    def states(self) -> list[HostState]:
        return [watch.state for watch in self._watches]

    @property
    def rows(self) -> list[RunSummary]:
        """The runs on all hosts."""
        return [row for state in self.states for row in state.rows.values()]

    def wait(self, seconds: float) -> list[HostState]:
        """Return the states when all are known, or after `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: all(state.is_known for state in self.states), seconds)
        return self.states

    def close(self) -> None:
        for watch in self._watches:
            watch.close()

    def __enter__(self) -> HostWatches:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _note(self) -> None:
        with self._changed:
            self._changed.notify_all()
        self.on_change()
