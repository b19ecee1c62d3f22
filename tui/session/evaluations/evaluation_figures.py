"""Figures of an evaluation: which axes make a heat map or a polar plot, and what is left for rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from trainer_proc.contract.evaluation import Axis, Cell, Evaluation, Measure
from tui.session.evaluations.figures import Figure, Intervals, Labels, Matrix, Rose, Row, Scale
from tui.session.evaluations.measured import is_share, mean_of, measured, scale_for, title_of, titled

_LEAST_FILLED = 0.5
"""A heat map needs more than this share of the combinations of two axes."""
_DEGREES = "deg"
_NOMINAL = "nominal"
_FEWEST_DIRECTIONS = 4


@dataclass(frozen=True)
class CellValues:
    """What is drawn of each cell, by the cell's place in `cells`."""

    axes: tuple[Axis, ...]
    cells: tuple[Cell, ...]
    values: tuple[float | None, ...]
    title: str
    scale: Scale


def figures_of(evaluation: Evaluation, name: str = "") -> tuple[Figure, ...]:
    """Return the figures of one measure, the first one by default; of a suite without axes those of all measures."""
    shown = measured(evaluation)
    if not has_cells(evaluation):
        return _overview(evaluation, shown)
    measure = next((one for one in shown if one.name == name), shown[0] if shown else None)
    if measure is None:
        return ()
    means = tuple(mean_of([cell], measure.name) for cell in evaluation.cells)
    scale = scale_for(evaluation, measure, means)
    return figures_of_cells(CellValues(evaluation.axes, evaluation.cells, means, titled(measure, scale.unit), scale))


def figure_table(evaluation: Evaluation) -> list[tuple[Figure, ...]]:
    """Return the figures of all measures for a file, a row a measure."""
    if not has_cells(evaluation):
        return [(figure,) for figure in figures_of(evaluation)]
    return [figures_of(evaluation, measure.name) for measure in measured(evaluation)]


def has_cells(evaluation: Evaluation) -> bool:
    """Return whether the suite varies anything, so that its figures show one measure in each cell."""
    return bool(evaluation.axes) and len(evaluation.cells) > 1


def figures_of_cells(shown: CellValues) -> tuple[Figure, ...]:
    """Return heat maps or polar plots of pairs of axes, then rows of the cells that none of them shows."""
    by_place = {_place(cell, shown.axes): number for number, cell in enumerate(shown.cells)}
    figures: list[Figure] = []
    drawn: set[int] = set()
    for rows, columns in combinations(shown.axes, 2):
        grid = _grid(by_place, shown.axes, rows, columns)
        if grid is not None:
            figures.append(_of_grid(shown, rows, columns, grid))
            drawn |= {number for line in grid for number in line if number is not None}
    left = [number for number in range(len(shown.cells)) if number not in drawn]
    if left:
        lines = tuple(Row(cell_text(shown.cells[number], shown.axes), shown.values[number]) for number in left)
        figures.append(Intervals(shown.title, lines, shown.scale))
    return tuple(figures)


def cell_text(cell: Cell, axes: Sequence[Axis]) -> str:
    """Return what distinguishes a cell: `forward 0.5 m/s, yaw 1 rad/s`; axes at rest are left out."""
    at = [(axis, cell.at[axis.name]) for axis in axes if axis.name in cell.at]
    moved = [(axis, value) for axis, value in at if not _is_rest(value)] or at
    return ", ".join(f"{title_of(axis.name)} {value_text(value)} {axis.unit}".rstrip() for axis, value in moved)


def value_text(value: float | str) -> str:
    """Return a value of an axis: numbers without trailing zeros."""
    return value if isinstance(value, str) else f"{value:g}"


def _overview(evaluation: Evaluation, measures: Sequence[Measure]) -> tuple[Figure, ...]:
    """Return rows of all measures; those with the same unit share a scale."""
    groups: dict[tuple[str, bool], list[Measure]] = {}
    for measure in measures:
        groups.setdefault((measure.unit, is_share(evaluation, measure)), []).append(measure)
    figures = []
    for group in groups.values():
        rows = tuple(Row(title_of(one.name), mean_of(evaluation.cells, one.name)) for one in group)
        scale = scale_for(evaluation, group[0], (row.value for row in rows))
        names = ", ".join(title_of(one.name) for one in group)
        figures.append(Intervals(f"{names}, {scale.unit}" if scale.unit else names, rows, scale))
    return tuple(figures)


_Place = tuple[float | str | None, ...]
_Grid = list[list[int | None]]


def _place(cell: Cell, axes: Sequence[Axis]) -> _Place:
    """Return a cell's values on all axes; None for an axis at rest."""
    values = (cell.at.get(axis.name) for axis in axes)
    return tuple(None if value is None or _is_rest(value) else value for value in values)


def _is_rest(value: float | str) -> bool:
    return value in (0, _NOMINAL)


def _grid(by_place: Mapping[_Place, int], axes: Sequence[Axis], rows: Axis, columns: Axis) -> _Grid | None:
    """Return the numbers of the cells of two axes, the others at rest; None if too few were measured."""

    def number(row: float | str, column: float | str) -> int | None:
        at = {rows.name: row, columns.name: column}
        return by_place.get(tuple(None if _is_rest(at.get(one.name, 0)) else at[one.name] for one in axes))

    grid = [[number(row, column) for column in columns.values] for row in rows.values]
    inner = [
        found
        for row, line in zip(rows.values, grid, strict=True)
        for column, found in zip(columns.values, line, strict=True)
        if not (_is_rest(row) or _is_rest(column))  # those of one axis alone make no grid
    ]
    return grid if sum(found is not None for found in inner) > len(inner) * _LEAST_FILLED else None


def _of_grid(shown: CellValues, rows: Axis, columns: Axis, grid: _Grid) -> Figure:
    values = tuple(tuple(None if number is None else shown.values[number] for number in line) for line in grid)
    numbers = (number for line in grid for number in line if number is not None)
    note = _episodes_text(shown.cells[number] for number in numbers)
    turned = tuple(zip(*values, strict=True))
    for directions, rings, by_ring in ((rows, columns, turned), (columns, rows, values)):
        angles = _angles(directions)
        if angles:
            return Rose(shown.title, angles, _labels(rings), by_ring, shown.scale, note)
    if all(not isinstance(value, str) for value in rows.values):  # upwards, as on a chart
        return Matrix(shown.title, _labels(rows, upwards=True), _labels(columns), values[::-1], shown.scale, note)
    return Matrix(shown.title, _labels(rows), _labels(columns), values, shown.scale, note)


def _angles(axis: Axis) -> tuple[float, ...]:
    """Return the directions of an axis if they are equally spaced around the circle, else none."""
    angles = [float(value) for value in axis.values if not isinstance(value, str)]
    if axis.unit != _DEGREES or len(angles) < max(len(axis.values), _FEWEST_DIRECTIONS):
        return ()
    step = 360 / len(angles)
    is_even = all(abs(angle - angles[0] - number * step) < 1e-6 for number, angle in enumerate(angles))
    return tuple(angles) if is_even else ()


def _labels(axis: Axis, *, upwards: bool = False) -> Labels:
    texts = [value_text(value) for value in axis.values]
    name = f"{title_of(axis.name)}, {axis.unit}" if axis.unit else title_of(axis.name)
    return Labels(name, tuple(texts[::-1] if upwards else texts))


def _episodes_text(cells: Iterable[Cell]) -> str:
    counts = sorted({cell.episodes for cell in cells})
    if not counts:
        return ""
    count = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"{count} episode{'s' * (counts[-1] != 1)} a cell"
