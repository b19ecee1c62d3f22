"""The right end of a screen's title: what the screen puts there, and a slow connection."""

from __future__ import annotations

from textual.geometry import Size
from textual.widget import Widget

from tui.terminal.frame_clock import clock_of
from tui.terminal.frame_pacing import FrameRates


def link_text(rates: FrameRates) -> str:
    """Return the rates of a terminal that cannot take all frames; empty for one that can."""
    if not rates.is_throttled:
        return ""
    return f"slow link, {rates.frames_per_second:.0f} fps, {rates.bytes_per_second / 1000:.0f} KB/s"


class StatusLine(Widget):
    """A text, and a note while frames wait for the terminal; as wide as both. Take the note from the frame clock."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    StatusLine { width: auto; max-width: 60%; height: 1; margin-left: 2; text-style: none; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown = self._link = ""

    def on_mount(self) -> None:
        if clock := clock_of(self.app):
            clock.listen(self._take)

    def on_unmount(self) -> None:
        if clock := clock_of(self.app):
            clock.stop_listening(self._take)

    def show(self, text: str) -> None:
        """Show this text; only a text of another length triggers a layout."""
        self._replace(text, self._link)

    def render(self) -> str:
        return self._text

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return len(self._text)

    @property
    def _text(self) -> str:
        return "  ".join(part for part in (self._shown, self._link) if part)

    def _take(self, rates: FrameRates) -> None:
        self._replace(self._shown, link_text(rates))

    def _replace(self, shown: str, link: str) -> None:
        before = self._text
        self._shown, self._link = shown, link
        if self._text != before:
            self.refresh(layout=len(self._text) != len(before))
