"""Figures of a verification: shares by group, the command sweep, and a polar plot of the pushes."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator

from trainer_proc.contract.bundle.gate import SUCCESS_GROUPS
from trainer_proc.contract.bundle.verification import (
    ERRORS,
    MEASURES,
    SUCCESS,
    SURVIVED,
    TRACKING_ERRORS,
    CellResult,
    Verification,
)
from trainer_proc.contract.evaluation import Axis, Cell, Measure
from trainer_proc.contract.statistics import estimate
from tui.session.evaluations.evaluation_figures import CellValues, figures_of_cells
from tui.session.evaluations.figures import Figure, Intervals, Row, scale_of
from tui.session.evaluations.measured import row_of, title_of

_SHARES = (SUCCESS, SURVIVED)


def figure_table(found: Verification) -> list[tuple[Figure, ...]]:
    """Return all figures for a file, rows of figures side by side."""
    by_name = {measure.name: measure for measure in MEASURES}
    groups = tuple(_by_group(found, by_name[name]) for name in _SHARES)
    errors = TRACKING_ERRORS if _is_tracking(found) else ERRORS
    sweep = [figure for name in (SUCCESS, *errors) if (figure := _sweep(found, by_name[name])) is not None]
    pushes = tuple(figure for name in (SURVIVED, errors[0]) for figure in _pushes(found, by_name[name]))
    return [row for row in (groups, tuple(sweep[:2]), tuple(sweep[2:]), pushes) if row]


def _is_tracking(found: Verification) -> bool:
    return any(one.cell.group == "tracking" for one in found.result.cells)


def _by_group(found: Verification, measure: Measure) -> Figure:
    rows: list[Row] = []
    for group in dict.fromkeys(one.cell.group for one in found.result.cells):
        names = {one.cell.name for one in found.result.cells if one.cell.group == group}
        rows += _rows(found, measure, group, names)
    scale = scale_of([], unit="", better="higher", is_share=True)
    return Intervals(f"groups: {_title(measure, scale.unit)}{_signs(found)}", tuple(rows), scale)


def _sweep(found: Verification, measure: Measure) -> Figure | None:
    """Return a row for each command; None if no episode has the measure."""
    rows: list[Row] = []
    for name in (one.cell.name for one in found.result.cells if one.cell.group in SUCCESS_GROUPS):
        rows += _rows(found, measure, _label(name), {name})
    if all(row.value is None for row in rows):
        return None
    values = (end for row in rows for end in (row.value, row.low, row.high))
    scale = scale_of(values, unit=measure.unit, better=measure.better, is_share=measure.name in _SHARES)
    what = "motion" if _is_tracking(found) else "commands"
    return Intervals(f"{what}: {_title(measure, scale.unit)}{_signs(found)}", tuple(rows), scale)


def _rows(found: Verification, measure: Measure, label: str, names: Collection[str]) -> Iterator[Row]:
    """Yield the row of the cells of these names, and below it that of the reference, if there is one."""
    yield _row(label, [one for one in found.result.cells if one.cell.name in names], measure)
    if found.reference is not None:
        yield _row("", [one for one in found.reference.cells if one.cell.name in names], measure, policy=1)


def _pushes(found: Verification, measure: Measure) -> Iterator[Figure]:
    """Yield a polar plot: a ring for each speed."""
    cells = [one for one in found.result.cells if one.cell.push is not None]
    if not cells:
        return
    places = [_place(one) for one in cells]
    axes = (
        Axis("direction", "deg", tuple(sorted({float(place["direction"]) for place in places}))),
        Axis("speed", "m/s", tuple(sorted({float(place["speed"]) for place in places}))),
    )
    rows = tuple(_row(one.cell.name, [one], measure) for one in cells)
    scale = scale_of(
        (row.value for row in rows), unit=measure.unit, better=measure.better, is_share=measure.name in _SHARES
    )
    shown = tuple(
        Cell(at=place, episodes=one.cell.episodes, values=one.values) for one, place in zip(cells, places, strict=True)
    )
    yield from figures_of_cells(CellValues(axes, shown, rows, f"pushes: {_title(measure, scale.unit)}", scale))


def _place(one: CellResult) -> dict[str, float | str]:
    push = one.cell.push
    assert push is not None
    direction = round(math.degrees(math.atan2(push.left, push.forward))) % 360
    return {"direction": float(direction), "speed": round(math.hypot(push.forward, push.left), 3)}


def _row(label: str, cells: Iterable[CellResult], measure: Measure, policy: int = 0) -> Row:
    values = [value for one in cells for value in one.values.get(measure.name, ()) if value is not None]
    return row_of(label, estimate(values, is_share=measure.name in _SHARES), policy=policy)


def _label(name: str) -> str:
    """Return a cell's name, of a mixed command without units: the label has little room."""
    return name.replace(" m/s", "").replace(" rad/s", "") if "," in name else name


def _title(measure: Measure, unit: str) -> str:
    return f"{'no fall' if measure.name == SURVIVED else title_of(measure.name)}, {unit}"


def _signs(found: Verification) -> str:
    """Return the signs of both simulators' rows; empty without a reference."""
    return "" if found.reference is None else f"   ● {found.result.simulator}   ■ {found.reference.simulator}"
