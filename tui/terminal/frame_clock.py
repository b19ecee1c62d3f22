"""One clock for all redraws that data cause.

A widget whose data changed requests a draw. The clock runs all requested draws at a limited rate, and no more at once
than the terminal can take (`tui.terminal.frame_pacing`). Changes made by a key do not wait: a widget redraws itself, or
requests an urgent draw.

Textual 8.2.8 has no such limit: each `Widget.refresh` is painted with the next of 60 frames a second, and a driver
reports no backpressure (`Driver.write` blocks instead, see `tui.terminal.driver`).
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
"""Requests the repaint of what has changed; may return an estimate of its bytes."""

_LOOK_SECONDS = 0.03
"""How often to check whether the terminal has caught up; longer than Textual takes for a requested repaint."""
_REPORT_SECONDS = 1.0
_DEFAULT_BYTES = 300
"""Estimate for a draw that returns none."""


@runtime_checkable
class MeteredDriver(Protocol):
    """A driver that reports how much its terminal can take, such as `tui.terminal.driver.TerminalDriver`."""

    @property
    def written(self) -> int:
        """Bytes written so far."""

    def room(self) -> float:
        """Return how many bytes may be written now; 0 or less if the terminal lags behind."""


class FrameClock:
    """Runs the draws of one app in its event loop."""

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
        """Call `draw` with the next frame, once however often it was requested; before all others if `urgent`."""
        if urgent:
            self._waiting.pop(draw, None)
            self._drawn.discard(draw)
            self._urgent[draw] = None
        elif draw not in self._urgent:
            self._waiting[draw] = None
        self._look_in(0.0)

    def listen(self, listener: Callable[[FrameRates], None]) -> None:
        """Call `listener` with the current rates once a second while something is drawn."""
        self._listeners[listener] = None

    def stop_listening(self, listener: Callable[[FrameRates], None]) -> None:
        self._listeners.pop(listener, None)

    @property
    def is_idle(self) -> bool:
        """Whether no draw and no report is scheduled."""
        return self._timer is None and self._reporting is None

    def room(self) -> float:
        """Estimate how many bytes the terminal can take at once; 0 or less if it lags behind."""
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
        """Run the draws that are allowed now, and schedule the rest."""
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
            room -= _DEFAULT_BYTES if cost is None else cost
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
    """Request a draw from the clock of the widget's app, see `FrameClock.draw_soon`; without a clock, draw next."""
    if (clock := clock_of(widget.app)) is not None:
        clock.draw_soon(draw, urgent)
    else:
        widget.call_later(draw)


def clock_of(app: App[Any]) -> FrameClock | None:
    """Return the frame clock of an app; None if it has none."""
    clock = getattr(app, "frame_clock", None)
    return clock if isinstance(clock, FrameClock) else None
