"""The drawing rate of the screen."""

from __future__ import annotations

from textual.widget import Widget

from tui.terminal.frame_clock import clock_of
from tui.terminal.frame_pacing import FrameRates


def status_text(rates: FrameRates, width: int) -> str:
    """Return frame rate, output rate and their limit in at most `width` cells."""
    if not rates.frames_per_second and not rates.is_throttled:
        return ""
    frames = f"{rates.frames_per_second:.0f} fps"
    speed = f"{rates.bytes_per_second / 1000:.0f} KB/s"
    reason = "slow link" if rates.is_throttled else ""
    for parts in ((frames, speed, reason), (frames, reason), (frames, speed), (frames,)):
        text = ", ".join(part for part in parts if part)
        if len(text) <= width:
            return text
    return ""


class StatusLine(Widget):
    """Frames and bytes per second from the app's frame clock, at most once a second; empty while nothing is drawn."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    StatusLine {
        width: 27;
        height: 1;
        color: $text-muted;
        text-style: none;
        text-align: right;
    }
    .-narrow StatusLine { width: 17; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rates = FrameRates(0.0, 0.0, False)
        self._text = ""

    def on_mount(self) -> None:
        if clock := clock_of(self.app):
            clock.listen(self._take)

    def on_unmount(self) -> None:
        if clock := clock_of(self.app):
            clock.stop_listening(self._take)

    def render(self) -> str:
        self._text = status_text(self._rates, self.size.width)
        return self._text

    def _take(self, rates: FrameRates) -> None:
        self._rates = rates
        if status_text(rates, self.size.width) != self._text:
            self.refresh()
