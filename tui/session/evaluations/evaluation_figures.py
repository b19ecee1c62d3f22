"""Figures of an evaluation: which axes make a heat map or a polar plot, and what is left for rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from trainer_proc.contract.evaluation import Axis, Cell, Evaluation, Measure
from tui.session.evaluations.figures import Figure, Intervals, Labels, Matrix, Rose, Row, Scale
from tui.session.evaluations.measured import estimate_of, is_share, measured, row_of, scale_for, title_of, titled
from tui.session.evaluations.paired import compared, comparison_text

_LEAST_FILLED = 0.5
"""A heat map needs more than this share of the combinations of two axes."""
_DEGREES = "deg"
_NOMINAL = "nominal"
_FEWEST_DIRECTIONS = 4
_GROUP_TITLES = {"%": "shares and scores, %", "": "without a unit"}


@dataclass(frozen=True)
class CellValues:
    """What is drawn of each cell: a row by the cell's place in `cells`, of which a heat map shows the value."""

    axes: tuple[Axis, ...]
    cells: tuple[Cell, ...]
    rows: tuple[Row, ...]
    title: str
    scale: Scale


def figures_of(evaluation: Evaluation, name: str = "") -> tuple[Figure, ...]:
    """Return the figures of one measure, the first one by default; of a suite without axes those of all measures."""
    if not has_cells(evaluation):
        return overview(evaluation)
    shown = measured(evaluation)
    measure = next((one for one in shown if one.name == name), shown[0] if shown else None)
    if measure is None:
        return ()
    rows = tuple(
        row_of(cell_text(cell, evaluation.axes), estimate_of(evaluation, measure, [cell])) for cell in evaluation.cells
    )
    scale = scale_for(evaluation, measure, (row.value for row in rows))
    return figures_of_cells(CellValues(evaluation.axes, evaluation.cells, rows, titled(measure, scale.unit), scale))


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
        figures.append(Intervals(shown.title, tuple(shown.rows[number] for number in left), shown.scale))
    return tuple(figures)


def cell_text(cell: Cell, axes: Sequence[Axis]) -> str:
    """Return what distinguishes a cell: `forward 0.5 m/s, yaw 1 rad/s`; axes at rest are left out."""
    at = [(axis, cell.at[axis.name]) for axis in axes if axis.name in cell.at]
    moved = [(axis, value) for axis, value in at if not _is_rest(value)] or at
    return ", ".join(f"{title_of(axis.name)} {value_text(value)} {axis.unit}".rstrip() for axis, value in moved)


def value_text(value: float | str) -> str:
    """Return a value of an axis: numbers without trailing zeros."""
    return value if isinstance(value, str) else f"{value:g}"


def overview(evaluation: Evaluation, other: Evaluation | None = None) -> tuple[Figure, ...]:
    """Return rows of all measures, of another policy's beside them; those with the same unit share a scale."""
    groups: dict[tuple[str, bool], list[Measure]] = {}
    for measure in measured(evaluation):
        groups.setdefault((measure.unit, is_share(evaluation, measure)), []).append(measure)
    return tuple(_rows_of_group(evaluation, group, other) for group in groups.values())


def _rows_of_group(evaluation: Evaluation, group: Sequence[Measure], other: Evaluation | None) -> Intervals:
    rows: list[Row] = []
    for measure in group:
        own = row_of(title_of(measure.name), estimate_of(evaluation, measure))
        rows.append(own)
        if other is not None:
            found = compared(evaluation, other, measure)
            scale = scale_for(evaluation, measure, [own.value])
            note = "" if found is None else comparison_text(found, measure, scale)
            rows.append(row_of("", estimate_of(other, measure), note, policy=1))
    scale = scale_for(evaluation, group[0], (end for row in rows for end in (row.value, row.low, row.high)))
    title = titled(group[0], scale.unit) if len(group) == 1 else _GROUP_TITLES.get(scale.unit, f"in {scale.unit}")
    return Intervals(title, tuple(rows), scale)


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
    values = tuple(tuple(None if number is None else shown.rows[number].value for number in line) for line in grid)
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
