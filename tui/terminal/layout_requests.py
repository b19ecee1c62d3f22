"""Measures a widget again for each layout that it asks for.

Textual 8.2.8 remembers the measured box of a widget by a count of its requests for a layout, and `Widget.refresh`
counts no request while another one waits. Content that changed between a layout and the next kept the box of the
content before: lines were cut off, or the scroll bar was that of a longer text, until the number of lines changed.
"""

from __future__ import annotations

from typing import Any

from textual.messages import Layout
from textual.screen import Screen

_lay_out = Screen._on_layout


async def _measure_and_lay_out(screen: Screen[Any], message: Layout) -> None:
    message.widget._layout_updates += 1
    await _lay_out(screen, message)


def count_every_layout_request() -> None:
    """Have all screens forget the box of a widget that asks for a layout."""
    Screen._on_layout = _measure_and_lay_out  # type: ignore[assignment, method-assign]
