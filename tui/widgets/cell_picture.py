"""A widget that shows a grid of cells, with a component class for each style of the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.dom import DOMNode
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.charts.canvas import (
    BAND,
    DIFFERENCE_STYLES,
    HEAT_STYLES,
    MARK_STYLES,
    NEAR,
    RAW_STYLES,
    SERIES_STYLES,
    STYLES,
    CellGrid,
    changed_spans,
)

_CELL_BYTES, _SPAN_BYTES = 5, 20
"""Estimated bytes of a cell with braille dots, and of a cursor move with a colour change."""
_RAW_SHARE = 55  # opacity in percent of a raw curve behind its smoothed one
_OWN = "    CellPicture > .chart--"
_COLOURS = "\n".join(
    [
        *(f"{_OWN}{mark} {{ color: $chart-{mark}; }}" for mark in MARK_STYLES),
        *(f"{_OWN}{series} {{ color: $series-{n}; }}" for n, series in enumerate(SERIES_STYLES, 1)),
        *(f"{_OWN}{raw} {{ color: $series-{n} {_RAW_SHARE}%; }}" for n, raw in enumerate(RAW_STYLES, 1)),
        *(
            f"{_OWN}{shade} {{ background: ${shade}; color: ${shade}-text; }}"
            for shade in (*HEAT_STYLES, *DIFFERENCE_STYLES)
        ),
    ]
)


class CellPicture(Widget):
    """Shows `picture`; who changes it calls `show_picture`, or keeps the cached lines in step itself."""

    ALLOW_SELECT = False

    MEANINGS: ClassVar[Sequence[str]] = STYLES
    """Names of the picture's styles by their numbers."""
    NEAR: ClassVar[int] = NEAR
    """Changed cells of a line that are at most this far apart are repainted together."""
    STYLE_CLASS: ClassVar[str] = "chart--"
    """Begin of the component class of a style."""
    COMPONENT_CLASSES: ClassVar[set[str]] = {*(f"chart--{style}" for style in STYLES), "chart--band"}
    """One for each style of the drawing; `chart--band` gives a background."""

    DEFAULT_CSS = f"""
    CellPicture > .chart--title {{ text-style: bold; }}
    CellPicture > .chart--value {{ text-style: bold; }}
    CellPicture > .chart--readout {{ text-style: bold underline; }}
    CellPicture > .chart--axis {{ color: $text-disabled; }}
    CellPicture > .chart--label {{ color: $text-muted; }}
    CellPicture > .chart--reference {{ color: $chart-reference; }}
    CellPicture > .chart--band {{ background: $chart-band; }}
    CellPicture > .chart--band-edge {{ color: $chart-reference; }}
    CellPicture > .chart--gap {{ color: $text-error; text-style: bold; }}
    CellPicture > .chart--crosshair {{ color: $foreground; }}
{_COLOURS}
    """

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
        disabled: bool = False,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes, disabled=disabled)
        self.picture = CellGrid(0, 0)
        """The picture as last painted."""
        self._strips: dict[int, Strip] = {}
        self._styles_by_number: dict[int, Style] = {}

    def show_picture(self, picture: CellGrid) -> None:
        """Show another picture."""
        self.picture = picture
        self._strips.clear()
        self.refresh()

    def repaint_changes(self, picture: CellGrid) -> int:
        """Show another picture of the same size; only changed cells are repainted.

        Return an estimate of the bytes that the terminal will be sent.
        """
        before, self.picture = self.picture, picture
        changed = changed_spans(before, picture, self.NEAR)
        for line, _, _ in changed:
            self._strips.pop(line, None)
        if changed:
            self.refresh(*(Region(start, line, end - start, 1) for line, start, end in changed))
        return sum(_SPAN_BYTES + (end - start) * _CELL_BYTES for _, start, end in changed)

    def forget_lines(self, picture: CellGrid) -> int:
        """Show another picture after a resize, when Textual repaints all; return as `repaint_changes` does."""
        self.picture = picture
        self._strips.clear()
        return self.size.area * _CELL_BYTES

    def render_line(self, y: int) -> Strip:
        """Return line `y` of the picture, 0 at the top; a blank one below it."""
        if not 0 <= y < self.picture.height:
            return Strip.blank(self.size.width, self.rich_style)
        strip = self._strips.get(y)
        if strip is None:
            segments = [Segment(text, self._style(number)) for text, number in self.picture.segments(y)]
            strip = self._strips[y] = Strip(segments, self.picture.width)
        return strip

    def notify_style_update(self) -> None:
        """Drop cached styles."""
        super().notify_style_update()
        self._styles_by_number.clear()
        self._strips.clear()

    def _style(self, number: int) -> Style:
        style = self._styles_by_number.get(number)
        if style is None:
            style = self._style_of_class(f"{self.STYLE_CLASS}{self.MEANINGS[number & ~BAND]}")
            if number & BAND:
                style += Style(bgcolor=self._style_of_class("chart--band").bgcolor)
            self._styles_by_number[number] = style
        return style

    def _style_of_class(self, name: str) -> Style:
        if name not in self._component_styles:
            part = DOMNode(classes=name)
            part._attach(self)
            self.app.stylesheet.apply(part)
            self._component_styles[name] = part.styles
        return self.get_component_rich_style(name)

    def _get_component_classes(self) -> frozenset[str]:  # type: ignore[override]  # not cached, as it grows
        """Return the classes used so far. Textual 8.2.8 resolves all of them at mount, most of a chart's start."""
        return frozenset(self._component_styles)
