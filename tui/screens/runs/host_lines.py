"""The lines of hosts above the list of runs: which ones are connected, and how many runs they have."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from tui.session.hosts.host_text import host_text
from tui.session.hosts.watch import HostWatches
from tui.session.runs.run_index import RunSummary

_TOGETHER_SECONDS = 0.2
"""Time in which reports of several hosts are drawn together."""


class HostLines(VerticalScroll, can_focus=False):
    """A line a host; hidden without hosts, which it follows as long as it is shown."""

    @dataclass
    class Reported(Message):
        """A host has reported something new."""

    @dataclass
    class RowsChanged(Message):
        """The runs on a host are no longer those that were listed last."""

    def __init__(self, hosts: HostWatches | None, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._hosts = hosts
        self._timer: Timer | None = None
        self._rows: list[dict[str, RunSummary]] = []
        """As they were listed last."""

    def compose(self) -> ComposeResult:
        yield Static("", id="host-lines", markup=False)

    def on_mount(self) -> None:
        self.display = self._hosts is not None
        if self._hosts is not None:
            self._hosts.on_change = lambda: self._post(self.Reported())
            self._show()

    def on_unmount(self) -> None:
        """Leave the hosts to other screens."""
        if self._hosts is not None:
            self._hosts.on_change = lambda: None

    def _post(self, message: Message) -> None:
        self.post_message(message)

    @on(Reported)
    def _show_soon(self) -> None:
        """Draw what several hosts report together once."""
        if self._timer is None:
            self._timer = self.set_timer(_TOGETHER_SECONDS, self._show)

    def _show(self) -> None:
        self._timer = None
        assert self._hosts is not None
        states = self._hosts.states
        width = max((len(state.host.name) for state in states), default=0)
        self.query_one("#host-lines", Static).update("\n".join(host_text(state, width) for state in states))
        rows = [state.rows for state in states]
        if any(new is not known for new, known in zip_longest(rows, self._rows)):
            self._rows = rows
            self.post_message(self.RowsChanged())
