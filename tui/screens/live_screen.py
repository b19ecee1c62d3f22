"""A screen that moves by itself: what changes in it is painted without looking at all else."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.control import Control
from textual._compositor import Compositor, CompositorUpdate
from textual.geometry import Offset, Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget


class LiveScreen(Screen[None]):
    """Paints changed spans of its widgets one by one.

    Textual would render every line of every widget between the topmost and the lowest, the leftmost and the rightmost
    change, and paint whole pieces of lines: with twelve charts, that is all of the screen for a few cells in each.
    """

    def __init__(self) -> None:
        super().__init__()
        self._compositor = SpanCompositor()
        self._is_asking = False

    async def answer_of(self, dialog: Screen[Any]) -> Any:
        """Show a dialog and return its answer, to be called in a worker; None if another is open or just opening.

        That another screen is active is known only after some time: a key that comes twice at once would open two.
        """
        if self._is_asking or not self.is_active:
            return None
        self._is_asking = True
        try:
            return await self.app.push_screen_wait(dialog)
        finally:
            self._is_asking = False


class SpanUpdate(CompositorUpdate):
    """Lines to be painted, each with its place."""

    def __init__(self, lines: list[tuple[int, int, Strip]]) -> None:
        """Take column, row and content of each."""
        self._lines = lines

    def render_segments(self, console: Console) -> str:
        """Return what the terminal is sent."""
        return "".join(f"{Control.move_to(x, y)}{strip.render(console)}" for x, y, strip in self._lines)


class SpanCompositor(Compositor):
    """Textual's compositor, but for changes each of which lies in one widget that nothing covers there."""

    def render_partial_update(self) -> Any:
        """Return what has changed since the last update, None if nothing has."""
        screen = self.size.region
        changed = [region for one in self._dirty_regions if (region := one.intersection(screen))]
        pieces = [self._piece(region) for region in changed]
        if not pieces or None in pieces:
            return super().render_partial_update()
        self._dirty_regions.clear()
        lines: list[tuple[int, int, Strip]] = []
        for region, piece in zip(changed, pieces, strict=True):
            assert piece is not None
            widget, offset = piece
            strips = widget.render_lines(region.translate(-offset))
            lines += [(region.x, y, strip) for y, strip in zip(region.line_range, strips, strict=False)]
        return SpanUpdate(lines)

    def _piece(self, region: Region) -> tuple[Widget, Offset] | None:
        """Return the widget that alone is seen in this region, and where it is; None if there are several."""
        for widget, (widget_region, clip) in self.visible_widgets.items():
            seen = widget_region.intersection(clip)
            if seen.contains_region(region):
                return widget, widget_region.offset
            if seen.overlaps(region):
                return None
        return None
