"""Figures of a verification: shares by group, the command sweep, and a polar plot of the pushes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from trainer_proc.contract.bundle.verification import (
    ERRORS,
    MEASURES,
    SUCCESS,
    SURVIVED,
    CellResult,
    SuiteResult,
    Verification,
)
from trainer_proc.contract.evaluation import Axis, Cell, Measure
from trainer_proc.contract.statistics import estimate
from tui.session.evaluations.evaluation_figures import CellValues, figures_of_cells
from tui.session.evaluations.figures import Figure, Intervals, Row, scale_of
from tui.session.evaluations.measured import row_of, titled

_SHARES = (SUCCESS, SURVIVED)


def figure_table(found: Verification) -> list[tuple[Figure, ...]]:
    """Return all figures for a file, rows of figures side by side."""
    by_name = {measure.name: measure for measure in MEASURES}
    groups = tuple(_by_group(found, by_name[name]) for name in _SHARES)
    sweep = [figure for name in (SUCCESS, *ERRORS) if (figure := _sweep(found.result, by_name[name])) is not None]
    pushes = tuple(figure for name in (SURVIVED, ERRORS[0]) for figure in _pushes(found.result, by_name[name]))
    return [row for row in (groups, tuple(sweep[:2]), tuple(sweep[2:]), pushes) if row]


def _by_group(found: Verification, measure: Measure) -> Figure:
    rows = []
    for group in found.groups:
        mean = group.means.get(measure.name)
        rows.append(Row(group.group, None) if mean is None else Row(group.group, mean.value, mean.low, mean.high))
    return Intervals(_title(measure), tuple(rows), scale_of([], unit="", better="higher", is_share=True))


def _sweep(result: SuiteResult, measure: Measure) -> Figure | None:
    """Return a row for each command; None if no episode has the measure."""
    cells = [one for one in result.cells if one.cell.group in ("stand", "commands", "balance")]
    rows = tuple(_row(one, measure) for one in cells)
    if all(row.value is None for row in rows):
        return None
    is_share = measure.name in _SHARES
    values = (end for row in rows for end in (row.value, row.low, row.high))
    scale = scale_of(values, unit=measure.unit, better=measure.better, is_share=is_share)
    return Intervals(f"commands: {titled(measure, scale.unit)}", rows, scale)


def _pushes(result: SuiteResult, measure: Measure) -> Iterator[Figure]:
    """Yield a polar plot: a ring for each speed."""
    cells = [one for one in result.cells if one.cell.push is not None]
    if not cells:
        return
    places = [_place(one) for one in cells]
    axes = (
        Axis("direction", "deg", tuple(sorted({float(place["direction"]) for place in places}))),
        Axis("speed", "m/s", tuple(sorted({float(place["speed"]) for place in places}))),
    )
    rows = tuple(_row(one, measure) for one in cells)
    scale = scale_of(
        (row.value for row in rows), unit=measure.unit, better=measure.better, is_share=measure.name in _SHARES
    )
    shown = tuple(
        Cell(at=place, episodes=one.cell.episodes, values=one.values) for one, place in zip(cells, places, strict=True)
    )
    yield from figures_of_cells(CellValues(axes, shown, rows, f"pushes: {titled(measure, scale.unit)}", scale))


def _place(one: CellResult) -> dict[str, float | str]:
    push = one.cell.push
    assert push is not None
    direction = round(math.degrees(math.atan2(push.left, push.forward))) % 360
    return {"direction": float(direction), "speed": round(math.hypot(push.forward, push.left), 3)}


def _row(one: CellResult, measure: Measure) -> Row:
    values: Sequence[float] = [value for value in one.values.get(measure.name, ()) if value is not None]
    return row_of(_label(one.cell.name), estimate(values, is_share=measure.name in _SHARES))


def _label(name: str) -> str:
    """Return a cell's name, of a mixed command without units: the label has little room."""
    return name.replace(" m/s", "").replace(" rad/s", "") if "," in name else name


def _title(measure: Measure) -> str:
    return f"groups: {'no fall' if measure.name == SURVIVED else measure.name}, %"
