"""A table whose rows or columns stand for the curves of charts, in the colours of these."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style

from tui.charts.canvas import SERIES_STYLES
from tui.widgets.diff_table import DiffTable

_CLASSES = [f"series-table--{number}" for number in range(1, len(SERIES_STYLES) + 1)]
_COLOURS = "\n".join(
    f"    SeriesTable > .{name} {{ color: $series-{place}; }}" for place, name in enumerate(_CLASSES, 1)
)


class SeriesTable(DiffTable):
    """A `DiffTable` that knows the colours of curves in the current theme."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(_CLASSES)
    DEFAULT_CSS = _COLOURS

    def series_style(self, place: int | None) -> Style:
        """Return the colour of the curves at this place, from 0 on; no colour for None."""
        if place is None:
            return Style()
        return Style(color=self.get_component_rich_style(_CLASSES[place % len(_CLASSES)]).color)

    def update_rows(self) -> None:
        """Show the rows again, in other colours."""

    def on_mount(self) -> None:
        """Draw the rows again when the theme has changed."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self.call_after_refresh(self.update_rows))
