"""Figures of evaluations as SVG: heat maps, polar plots and rows with intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from tui.charts.figures.intervals import number_text
from tui.charts.figures.shades import ends_of, shade_of
from tui.charts.files.svg_elements import LARGE, SMALL, document, line, rectangle, sector, shape, text, text_width
from tui.charts.palette import Palette
from tui.charts.ramps import ramps_of, text_on
from tui.session.evaluations.figures import Figure, Intervals, Matrix, Rose, Scale

_WIDTH = 760.0
_MARGIN, _TITLE, _GAP = 20.0, 34.0, 28.0
_CELL_HEIGHT, _WIDEST_CELL = 26.0, 72.0
_RING, _HOLE = 30.0, 26.0
_ROW = 22.0
_RAMP_STEP, _RAMP_HEIGHT = 11.0, 12.0
_RAMP_STEPS = 18


def figures_svg(table: Sequence[Sequence[Figure]], palette: Palette, title: str) -> str:
    """Return an SVG of rows of figures; each figure is 760 pixels wide and as high as needed."""
    parts = [text(_MARGIN, 26, title, palette.foreground, size=LARGE, bold=True)]
    top = 52.0
    for figures in table:
        for column, figure in enumerate(figures):
            parts.append(f'<g transform="translate({column * _WIDTH:.0f},0)">')
            parts += [*_figure(figure, palette, top), "</g>"]
        top += max(map(_height, figures), default=0.0) + _GAP
    if not any(table):
        parts.append(text(_MARGIN, top, "nothing was measured", palette.reference))
    width = _WIDTH * max(map(len, table), default=1)
    return document(parts, width=max(width, _WIDTH), height=top + 4, background=palette.background, title=title)


def _height(figure: Figure) -> float:
    if isinstance(figure, Intervals):
        return _TITLE + _ROW * len(figure.rows) + 20
    if isinstance(figure, Rose):
        return _TITLE + 2 * _radius(figure) + 90
    return _TITLE + 34 + _CELL_HEIGHT * len(figure.values) + 36


def _figure(figure: Figure, palette: Palette, top: float) -> Iterator[str]:
    yield text(_MARGIN, top + 10, figure.title, palette.foreground, bold=True)
    if isinstance(figure, Intervals):
        yield from _intervals(figure, palette, top + _TITLE)
    elif isinstance(figure, Rose):
        yield from _rose(figure, palette, top + _TITLE)
        yield from _ramp(figure.scale, figure.note, palette, top + _height(figure) - 18)
    else:
        yield from _matrix(figure, palette, top + _TITLE)
        yield from _ramp(figure.scale, figure.note, palette, top + _height(figure) - 18)


def _matrix(matrix: Matrix, palette: Palette, top: float) -> Iterator[str]:
    label = max((text_width(one, SMALL) for one in (*matrix.rows.texts, matrix.rows.name)), default=0.0)
    left = _MARGIN + min(label, _WIDTH / 3) + 10
    cell = min((_WIDTH - _MARGIN - left) / max(len(matrix.columns.texts), 1), _WIDEST_CELL)
    yield text(left, top + 4, matrix.columns.name, palette.reference, size=SMALL)
    yield text(left - 8, top + 20, matrix.rows.name, palette.reference, size=SMALL, anchor="end")
    free_from = 0.0
    for number, name in enumerate(matrix.columns.texts):
        middle, half = left + (number + 0.5) * cell, text_width(name, SMALL) / 2
        if middle - half >= free_from:
            yield text(middle, top + 20, name, palette.foreground, size=SMALL, anchor="middle")
            free_from = middle + half + 4
    for row, (name, values) in enumerate(zip(matrix.rows.texts, matrix.values, strict=True)):
        y = top + 28 + row * _CELL_HEIGHT
        yield text(left - 8, y + 17, name, palette.foreground, size=SMALL, anchor="end")
        for column, value in enumerate(values):
            x = left + column * cell
            colour = _colour(value, matrix.scale, palette)
            yield rectangle(x + 0.5, y + 0.5, cell - 1, _CELL_HEIGHT - 1, colour)
            shown = "·" if value is None else matrix.scale.text(value)
            if text_width(shown, SMALL) <= cell:
                yield text(x + cell / 2, y + 17, shown, text_on(colour), size=SMALL, anchor="middle")


def _rose(rose: Rose, palette: Palette, top: float) -> Iterator[str]:
    yield text(_MARGIN, top, f"{rose.rings.name}, from the centre: {', '.join(rose.rings.texts)}", palette.reference)
    x, y = _WIDTH / 2, top + 36 + _radius(rose)
    half = 180 / len(rose.directions)
    for ring, values in enumerate(rose.values):
        inner = _HOLE + ring * _RING
        for angle, value in zip(rose.directions, values, strict=True):
            colour = _colour(value, rose.scale, palette)
            ends = math.radians(angle - half), math.radians(angle + half)
            yield sector(x, y, (inner, inner + _RING), ends, colour, palette.background)
            radius = inner + _RING / 2
            across, down = -radius * math.sin(math.radians(angle)), -radius * math.cos(math.radians(angle))
            shown = "·" if value is None else rose.scale.text(value)
            yield text(x + across, y + down + 4, shown, text_on(colour), size=SMALL, anchor="middle")
    reach = _radius(rose)
    yield text(x, y - reach - 8, "forward", palette.reference, size=SMALL, anchor="middle")
    yield text(x, y + reach + 18, "back", palette.reference, size=SMALL, anchor="middle")
    yield text(x - reach - 10, y + 4, "left", palette.reference, size=SMALL, anchor="end")
    yield text(x + reach + 10, y + 4, "right", palette.reference, size=SMALL)


def _intervals(figure: Intervals, palette: Palette, top: float) -> Iterator[str]:
    label = max((text_width(row.label, SMALL) for row in figure.rows), default=0.0)
    left, width = _MARGIN + min(label, 240.0) + 14, 260.0
    for number, row in enumerate(figure.rows):
        y = top + number * _ROW
        colour = palette.series[row.policy]
        yield text(_MARGIN, y + 4, row.label, palette.foreground, size=SMALL)
        yield line(left, y, left + width, y, palette.panel)
        if row.low is not None and row.high is not None:
            ends = [left + width * _share(end, figure.scale) for end in (row.low, row.high)]
            yield line(ends[0], y, ends[1], y, colour, width=2)
            for end in ends:
                yield line(end, y - 4, end, y + 4, colour, width=2)
        if row.value is not None:
            yield shape(row.policy, left + width * _share(row.value, figure.scale), y, colour, palette.background)
        shown = f"{number_text(row, figure)}  {row.note}".rstrip()
        yield text(left + width + 14, y + 4, shown, palette.foreground, size=SMALL)
    y = top + len(figure.rows) * _ROW
    yield text(left, y, figure.scale.text(figure.scale.low), palette.reference, size=SMALL, anchor="middle")
    high = f"{figure.scale.text(figure.scale.high)} {figure.scale.unit}".rstrip()
    yield text(left + width, y, high, palette.reference, size=SMALL, anchor="middle")


def _ramp(scale: Scale, note: str, palette: Palette, y: float) -> Iterator[str]:
    left, right = ends_of(scale)
    yield text(_MARGIN, y + 10, left, palette.reference, size=SMALL)
    x = _MARGIN + text_width(left, SMALL) + 8
    for step in range(_RAMP_STEPS):
        share = (step + 0.5) / _RAMP_STEPS
        place = 1 - share if scale.better == "lower" else share
        colour = _colour(scale.low + place * (scale.high - scale.low), scale, palette)
        yield rectangle(x + step * _RAMP_STEP, y, _RAMP_STEP + 0.6, _RAMP_HEIGHT, colour)  # without seams
    x += _RAMP_STEPS * _RAMP_STEP + 8
    yield text(x, y + 10, right, palette.reference, size=SMALL)
    yield text(x + text_width(right, SMALL) + 24, y + 10, note, palette.reference, size=SMALL)


def _colour(value: float | None, scale: Scale, palette: Palette) -> str:
    """Return the background of a value; the panel's for none, and for a difference near 0."""
    return ramps_of(palette.dark).named().get(shade_of(value, scale)[0], palette.panel)


def _share(value: float, scale: Scale) -> float:
    return min(max((value - scale.low) / (scale.high - scale.low), 0.0), 1.0)


def _radius(rose: Rose) -> float:
    return _HOLE + _RING * len(rose.rings.texts)
