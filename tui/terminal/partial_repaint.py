"""A screen that moves by itself: what changes in it is painted without looking at all else."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.control import Control
from textual import events, on
from textual._compositor import Compositor, CompositorUpdate
from textual._context import visible_screen_stack
from textual.geometry import Offset, Region
from textual.screen import Screen
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from tui.terminal.frame_clock import clock_of

_BEHIND_SECONDS = 1.0
"""How often what is behind a dialog is painted."""
_CELL_BYTES = 5
"""About what a terminal is sent for a cell."""


class LiveScreen(Screen[None]):
    """Paints changed spans of its widgets one by one.

    Textual would render every line of every widget between the topmost and the lowest, the leftmost and the rightmost
    change, cut each wherever any widget begins or ends, and paint whole pieces of lines: with twelve charts, that is
    all of the screen for a few cells in each. Behind a dialog, it would paint everything again for every change; here,
    what changes there is painted once a second, and no more of it than the terminal can take: keys come first.
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._compositor: SpanCompositor = SpanCompositor()
        self._is_asking = False
        self._behind: Timer | None = None

    @property
    def is_drawable(self) -> bool:
        """Whether its widgets are there: it is shown, or lies below a dialog, and isn't being taken away."""
        return self.is_attached and self.display

    async def answer_to(self, dialog: Screen[Any]) -> Any:
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

    @on(events.ScreenResume)
    @on(events.Resize)
    def forget_shown_spans(self) -> None:
        """Paint again what was painted before, next time it is asked for: the terminal shows other things."""
        self._compositor.shown.forget()

    def _compositor_refresh(self) -> None:
        """Paint what has changed, now if this is the screen in front."""
        if self is self.app.screen:
            super()._compositor_refresh()
        elif self._behind is None and self._compositor._dirty_regions:
            self._behind = self.set_timer(_BEHIND_SECONDS, self._paint_behind)

    def _paint_behind(self) -> None:
        """Paint what has changed behind a dialog, or as much of it as the terminal can take."""
        self._behind = None
        front, changed, clock = self.app.screen, self._compositor._dirty_regions, clock_of(self.app)
        if self is front or front.styles.background.a == 1:
            return
        room = math.inf if clock is None else clock.room()
        painted: list[Region] = []
        while changed and room > 0:
            painted.append(changed.pop())
            room -= painted[-1].area * _CELL_BYTES
        if painted:
            front.refresh(*painted)
        if changed:
            self._behind = self.set_timer(_BEHIND_SECONDS, self._paint_behind)


class SpanCompositor(Compositor):
    """Textual's compositor, but for updates of a part of the screen, or of all of it when that has changed."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = ShownSpans()

    def render_update(
        self, full: bool = False, screen_stack: list[Screen[Any]] | None = None, simplify: bool = False
    ) -> Any:
        """Return what has changed since the last update, None if nothing has; the whole screen if `full`."""
        if full:
            return super().render_update(full=True, screen_stack=screen_stack, simplify=simplify)
        visible_screen_stack.set(screen_stack or [])
        return self.render_partial_update()

    def render_partial_update(self) -> Any:
        """Return what has changed since the last update, None if nothing has."""
        screen = self.size.region
        changed = [region for one in self._dirty_regions if (region := one.intersection(screen))]
        self._dirty_regions.clear()
        if not changed:
            return None
        lines: list[tuple[int, int, Strip]] = []
        for widget, offset, region in self._seen_parts(changed):
            strips = widget.render_lines(region.translate(-offset))
            lines += [(region.x, y, strip) for y, strip in zip(region.line_range, strips, strict=False)]
        return SpanUpdate(lines, self.shown)

    def _seen_parts(self, regions: list[Region]) -> Iterator[tuple[Widget, Offset, Region]]:
        """Yield for all that is seen in these regions the widget, where that is, and the part of the screen."""
        layers = self.layers_visible
        parts: dict[tuple[Widget, Offset, int, int], list[int]] = defaultdict(list)
        for y, start, stop in self._regions_to_spans(regions):
            uncovered = [(start, stop)]
            for widget, seen, region in layers[y]:  # from the front to the back
                left, right = seen.column_span
                if left >= stop or right <= start:
                    continue
                rest = []
                for begin, end in uncovered:
                    first, last = max(begin, left), min(end, right)
                    if first >= last:
                        rest.append((begin, end))
                        continue
                    parts[widget, region.offset, first, last].append(y)
                    rest += [span for span in ((begin, first), (last, end)) if span[0] < span[1]]
                uncovered = rest
                if not uncovered:
                    break
        for (widget, offset, first, last), rows in parts.items():
            for top, height in _runs(rows):
                yield widget, offset, Region(first, top, last - first, height)


class SpanUpdate(CompositorUpdate):
    """Pieces of lines to be painted, each with its place."""

    def __init__(self, pieces: list[tuple[int, int, Strip]], shown: ShownSpans) -> None:
        """Take column, row and content of each, and what the terminal shows, which is kept up to date."""
        self._pieces = pieces
        self._shown = shown

    def render_segments(self, console: Console) -> str:
        """Return what the terminal is sent; to be asked once."""
        told = ((x, y, strip.cell_length, strip.render(console)) for x, y, strip in self._pieces)
        return "".join(
            f"{Control.move_to(x, y)}{text}" for x, y, width, text in told if self._shown.put(x, y, width, text)
        )


class ShownSpans:
    """What a terminal shows where: Textual has a widget painted twice when it is mounted, all when the focus moves."""

    def __init__(self) -> None:
        self._rows: dict[int, list[tuple[int, int, str]]] = {}

    def forget(self) -> None:
        """Know nothing of it any more."""
        self._rows.clear()

    def put(self, x: int, y: int, width: int, text: str) -> bool:
        """Show a text of `width` cells there; return whether that makes a difference."""
        row = self._rows.setdefault(y, [])
        span = (x, x + width, text)
        if span in row:
            return False
        row[:] = [other for other in row if other[1] <= x or other[0] >= x + width]
        row.append(span)
        return True


def _runs(rows: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the first of each run of rows that follow each other, and how many they are."""
    start = 0
    for place in range(1, len(rows) + 1):
        if place == len(rows) or rows[place] != rows[place - 1] + 1:
            yield rows[start], place - start
            start = place
