"""The clock by which everything that moves by itself is drawn.

Data are taken in as they come; what shows them asks the clock to be drawn, and is, with all else that has asked, at
most so many times a second and no more of it at once than the terminal can take (`tui.terminal.frame_pacing`). What a
key changes doesn't wait here: a widget draws that itself, or asks to be drawn before all others.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from textual.app import App

from tui.terminal.frame_pacing import FramePacer, FrameRates

if TYPE_CHECKING:
    from textual.widget import Widget

Draw = Callable[[], int | None]
"""Asks Textual to paint what has changed; may return about how many bytes that will be."""

_LOOK_SECONDS = 0.03
"""How often to look whether the terminal has caught up; longer than Textual takes to paint what was asked for."""
_REPORT_SECONDS = 1.0
_UNKNOWN_BYTES = 300
"""What a drawing is thought to take if it doesn't say."""


@runtime_checkable
class MeteredDriver(Protocol):
    """A driver that can tell how much its terminal can take, as `tui.terminal.driver.TerminalDriver`."""

    @property
    def written(self) -> int:
        """Bytes written so far."""

    def room(self) -> float:
        """Return how many bytes may be drawn now; 0 or less if the terminal is behind."""


class FrameClock:
    """Draws for one app, in its event loop."""

    def __init__(self, app: App[Any], frames_per_second: float) -> None:
        self._app = app
        self.pacer = FramePacer(frames_per_second)
        self._urgent: dict[Draw, None] = {}
        self._waiting: dict[Draw, None] = {}
        self._drawn: set[Draw] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._reporting: asyncio.TimerHandle | None = None
        self._listeners: dict[Callable[[FrameRates], None], None] = {}

    def draw_soon(self, draw: Draw, urgent: bool = False) -> None:
        """Call `draw` with the next frame, once however often it is asked for; before all others if `urgent`."""
        if urgent:
            self._waiting.pop(draw, None)
            self._drawn.discard(draw)
            self._urgent[draw] = None
        elif draw not in self._urgent:
            self._waiting[draw] = None
        self._look_in(0.0)

    def listen(self, listener: Callable[[FrameRates], None]) -> None:
        """Tell `listener`, once a second while something is drawn, how much it is."""
        self._listeners[listener] = None

    def stop_listening(self, listener: Callable[[FrameRates], None]) -> None:
        """Tell it no more."""
        self._listeners.pop(listener, None)

    def room(self) -> float:
        """Return about how many bytes the terminal can take at once; 0 or less if it is behind."""
        return math.inf if self._terminal is None else self._terminal.room()

    def _look_in(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        at = loop.time() + seconds
        if self._timer is not None:
            if self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = loop.call_at(at, self._look)

    def _look(self) -> None:
        self._timer = None
        self._app.call_later(self._draw)  # among the app's messages, and in its context

    def _draw(self) -> None:
        """Draw what may be drawn now, and see to the rest later."""
        now = time.monotonic()
        room = self.room()
        while draw := next(iter(self._urgent or self._waiting), None):
            is_next_frame = not self._drawn or draw in self._drawn
            if is_next_frame and draw not in self._urgent and (wait := self.pacer.wait(now)) > 0:
                self._look_in(wait)
                return
            if room <= 0:
                self.pacer.throttled(now)
                self._look_in(_LOOK_SECONDS)
                return
            if is_next_frame:
                self._drawn.clear()
                self.pacer.begin(now)
            self._urgent.pop(draw, None)
            self._waiting.pop(draw, None)
            self._drawn.add(draw)
            cost = draw()
            room -= _UNKNOWN_BYTES if cost is None else cost
            self._report_soon()

    @property
    def _terminal(self) -> MeteredDriver | None:
        driver = self._app._driver
        return driver if isinstance(driver, MeteredDriver) else None

    def _report_soon(self) -> None:
        if self._reporting is None and self._listeners and self._terminal is not None:
            self._reporting = asyncio.get_running_loop().call_later(_REPORT_SECONDS, self._report)

    def _report(self) -> None:
        self._reporting = None
        terminal = self._terminal
        rates = self.pacer.rates(0 if terminal is None else terminal.written, time.monotonic())
        for listener in self._listeners:
            self._app.call_later(listener, rates)
        if rates.frames_per_second or rates.is_throttled:
            self._report_soon()


def draw_soon(widget: Widget, draw: Draw, urgent: bool = False) -> None:
    """Have `widget` drawn by its app's clock; see `FrameClock.draw_soon`. An app without one draws at its leisure."""
    if (clock := clock_of(widget.app)) is not None:
        clock.draw_soon(draw, urgent)
    else:
        widget.call_later(draw)


def clock_of(app: App[Any]) -> FrameClock | None:
    """Return the clock of an app that has one."""
    clock = getattr(app, "frame_clock", None)
    return clock if isinstance(clock, FrameClock) else None
