"""A live screen that repaints only changed regions.

Replaces the partial updates of Textual 8.2.8. `Compositor.render_partial_update` crops to the bounding box of all dirty
regions and renders every widget inside it (https://github.com/Textualize/textual/issues/5625, and the design in
https://github.com/Textualize/textual/pull/512). A screen below a modal one repaints both screens for each change
(https://github.com/Textualize/textual/issues/3055, https://github.com/Textualize/textual/pull/6307).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, TypeAlias

from rich.console import Console
from textual import events, on
from textual._compositor import Compositor, CompositorUpdate
from textual._context import visible_screen_stack
from textual.geometry import Offset, Region, Size
from textual.screen import Screen
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from tui.terminal.frame_clock import clock_of
from tui.terminal.span_order import frame_text

Span: TypeAlias = tuple[int, int, int]
"""A row, its first cell, and the cell after its last."""

_BEHIND_SECONDS = 1.0
"""How often the screen behind a dialog is repainted."""
_CELL_BYTES = 5
"""Estimated bytes per cell."""


class PartialRepaintScreen(Screen[None]):
    """Repaints the changed spans of its widgets one by one.

    With twelve charts, Textual would repaint the whole screen for a few changed cells in each chart. Behind a dialog,
    changes are repainted once a second, and no more than the terminal can take, so that keys come first.
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._compositor: SpanCompositor = SpanCompositor()
        self._is_asking = False
        self._behind: Timer | None = None

    @property
    def is_drawable(self) -> bool:
        """Whether its widgets can be updated: the screen is shown or lies below a dialog, and is not being removed."""
        return self.is_attached and self.display

    async def answer_to(self, dialog: Screen[Any]) -> Any:
        """Show a dialog and return its answer; None if another one is open or opening. Call it in a worker.

        `is_active` changes only some time after `push_screen`, so a key pressed twice at once would open two dialogs.
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
        """Assume nothing about what the terminal shows, as after a resize or another screen."""
        self._compositor.shown.forget()

    async def _compose(self) -> None:
        """Mount the widgets with the classes of the terminal's size.

        Textual sets these classes after the first layout, and then styles and lays out everything again.
        """
        app, (width, height) = self.app, self.app.size
        across = self._get_breakpoint_classes(width, app.HORIZONTAL_BREAKPOINTS or [])
        down = self._get_breakpoint_classes(height, app.VERTICAL_BREAKPOINTS or [])
        self.add_class(*across, *down)
        await super()._compose()

    def _screen_resized(self, size: Size) -> None:
        """Lay out for another size only: the first layout of a screen reports a new size to the screen itself."""
        if size != self._compositor.size:
            super()._screen_resized(size)

    def _compositor_refresh(self) -> None:
        """Repaint changed regions: now if this screen is in front, otherwise once a second."""
        if self is self.app.screen:
            super()._compositor_refresh()
        elif self._behind is None and self._compositor._dirty_regions:
            self._behind = self.set_timer(_BEHIND_SECONDS, self._paint_behind)

    def _paint_behind(self) -> None:
        """Repaint changed regions behind a dialog, as many as the terminal can take."""
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
    """Textual's compositor with partial updates that contain changed spans only."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = ShownSpans()

    def render_update(
        self, full: bool = False, screen_stack: list[Screen[Any]] | None = None, simplify: bool = False
    ) -> Any:
        """Return the changes since the last update, None if there are none; the whole screen if `full`."""
        if full:
            return super().render_update(full=True, screen_stack=screen_stack, simplify=simplify)
        visible_screen_stack.set(screen_stack or [])
        return self.render_partial_update()

    def render_partial_update(self) -> Any:
        """Return the changes since the last update; None if there are none."""
        screen = self.size.region
        changed = [region for one in self._dirty_regions if (region := one.intersection(screen))]
        self._dirty_regions.clear()
        if not changed:
            return None
        lines: list[tuple[int, int, Strip]] = []
        for (widget, offset), spans in self._visible_spans(changed).items():
            lines += _strips(widget, offset, spans)
        return SpanUpdate(lines, self.shown)

    def _visible_spans(self, regions: list[Region]) -> dict[tuple[Widget, Offset], list[Span]]:
        """Return the visible spans of these regions by widget and its offset, in screen cells."""
        layers = self.layers_visible
        spans: dict[tuple[Widget, Offset], list[Span]] = defaultdict(list)
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
                    spans[widget, region.offset].append((y, first, last))
                    rest += [span for span in ((begin, first), (last, end)) if span[0] < span[1]]
                uncovered = rest
                if not uncovered:
                    break
        return spans


def _strips(widget: Widget, offset: Offset, spans: list[Span]) -> Iterator[tuple[int, int, Strip]]:
    """Yield the spans of a widget with their content. Each of its lines is rendered once, however many spans it has."""
    left, right = min(first for _, first, _ in spans), max(last for _, _, last in spans)
    rendered: dict[int, Strip] = {}
    for top, height in _runs(sorted({y for y, _, _ in spans})):
        strips = widget.render_lines(Region(left, top, right - left, height).translate(-offset))
        rendered.update(zip(range(top, top + height), strips, strict=False))
    for y, first, last in spans:
        if (strip := rendered.get(y)) is not None:
            yield first, y, strip.crop(first - left, last - left)


class SpanUpdate(CompositorUpdate):
    """Pieces of lines to repaint, each with its position."""

    def __init__(self, pieces: list[tuple[int, int, Strip]], shown: ShownSpans) -> None:
        """Take the pieces as (column, row, content); `shown` is updated as they are rendered."""
        self._pieces = pieces
        self._shown = shown

    def render_segments(self, console: Console) -> str:
        """Return the text for the terminal, without pieces that it already shows. Call it once."""
        changed = [
            (x, y, strip)
            for x, y, strip in self._pieces
            if self._shown.put(x, y, strip.cell_length, strip.render(console))
        ]
        return frame_text(changed, console)


class ShownSpans:
    """Spans that the terminal shows. Textual repaints a mounted widget twice, and every widget when focus moves."""

    def __init__(self) -> None:
        self._rows: dict[int, list[tuple[int, int, str]]] = {}

    def forget(self) -> None:
        self._rows.clear()

    def put(self, x: int, y: int, width: int, text: str) -> bool:
        """Record a text of `width` cells; return whether the terminal showed something else there."""
        row = self._rows.setdefault(y, [])
        span = (x, x + width, text)
        if span in row:
            return False
        row[:] = [other for other in row if other[1] <= x or other[0] >= x + width]
        row.append(span)
        return True


def _runs(rows: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the first row and the length of each run of consecutive rows."""
    start = 0
    for place in range(1, len(rows) + 1):
        if place == len(rows) or rows[place] != rows[place - 1] + 1:
            yield rows[start], place - start
            start = place
