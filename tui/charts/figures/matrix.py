"""Draw a heat map as cells with numbers."""

from __future__ import annotations

from tui.charts.canvas import CellGrid, fit_text, plain_text
from tui.charts.figures.shades import draw_ramp, shade_of
from tui.session.evaluations.figures import Matrix
from tui.session.text import shortened_names

_WIDEST_CELL, _NARROWEST_CELL = 9, 1
_WIDEST_LABEL = 24
_HEADER, _FOOTER = 3, 1  # title, name and labels of the columns; the ramp


def matrix_height(matrix: Matrix, width: int) -> int:
    """Return the lines of a heat map."""
    return _HEADER + len(matrix.values) + _FOOTER + (not _fits(matrix, width))


def paint_matrix(grid: CellGrid, matrix: Matrix, *, with_glyphs: bool) -> None:
    """Paint a heat map; where cells are too narrow for numbers, glyphs stand for them.

    `with_glyphs` adds glyphs to colours in the ramp, for terminals without colours.
    """
    label = _label_width(matrix, grid.width)
    count = len(matrix.columns.texts)
    cell = min(max((grid.width - label - 1) // max(count, 1), _NARROWEST_CELL), _WIDEST_CELL)
    texts = [[_text(value, matrix) for value in row] for row in matrix.values]
    longest = max((len(text) for row in texts for text in row), default=0)
    has_numbers = longest < cell
    grid.put(0, 0, fit_text(plain_text(matrix.title), grid.width), "title")
    grid.put(1, label + 1, fit_text(plain_text(matrix.columns.name), grid.width - label - 1), "axis")
    grid.put(2, 0, fit_text(plain_text(matrix.rows.name), label), "axis")
    _draw_column_labels(grid, matrix, label + 1, cell)
    names = shortened_names([plain_text(text) for text in matrix.rows.texts], label)
    for row, (name, values) in enumerate(zip(names, matrix.values, strict=True), start=_HEADER):
        grid.put(row, label - len(name), name, "label")
        for column, value in enumerate(values):
            style, glyph = shade_of(value, matrix.scale)
            shown = texts[row - _HEADER][column].rjust(longest).center(cell) if has_numbers else glyph * cell
            grid.put(row, label + 1 + column * cell, shown, style)
    last = grid.height - 1
    if not _fits(matrix, grid.width):
        hidden = count - (grid.width - label - 1)
        grid.put(last - 1, 0, fit_text(f"{hidden} more columns: widen the terminal", grid.width), "label")
    draw_ramp(grid, last, matrix.scale, matrix.note, with_glyphs=with_glyphs or not has_numbers)


def _draw_column_labels(grid: CellGrid, matrix: Matrix, left: int, cell: int) -> None:
    """Write as many column labels as do not touch each other, always the first."""
    texts = [plain_text(text) for text in matrix.columns.texts]
    if all(len(text) < cell for text in texts):
        for number, text in enumerate(texts):
            grid.put(2, left + number * cell, text.center(cell), "label")
        return
    if cell >= 4 and any(not _is_number(text) for text in texts):
        for number, text in enumerate(shortened_names(texts, cell - 1)):
            grid.put(2, left + number * cell, text.center(cell), "label")
        return
    free_from = 0
    for number, text in enumerate(texts):
        start = left + number * cell + max((cell - len(text)) // 2, 0)
        if start >= free_from and start + len(text) <= grid.width:
            grid.put(2, start, text, "label")
            free_from = start + len(text) + 1


def _is_number(text: str) -> bool:
    return text.strip("+-0123456789.e") == ""


def _text(value: float | None, matrix: Matrix) -> str:
    return "·" if value is None else matrix.scale.text(value)


def _label_width(matrix: Matrix, width: int) -> int:
    longest = max((len(text) for text in (*matrix.rows.texts, matrix.rows.name)), default=0)
    return min(longest, _WIDEST_LABEL, max(width // 3, 1))


def _fits(matrix: Matrix, width: int) -> bool:
    return len(matrix.columns.texts) * _NARROWEST_CELL <= width - _label_width(matrix, width) - 1
