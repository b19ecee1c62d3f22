"""Two evaluations of the same episodes: pairs, and what their difference says."""

from __future__ import annotations

import math
from collections.abc import Iterable

from trainer_proc.contract.evaluation import Cell, Evaluation, Measure
from trainer_proc.contract.statistics import Comparison, compare
from tui.session.evaluations.figures import Scale
from tui.session.evaluations.measured import is_share


def shared_cells(evaluation: Evaluation, other: Evaluation) -> list[tuple[Cell, Cell]]:
    """Return the cells that both have, in the order of the first."""
    by_place = {_place(cell): cell for cell in other.cells}
    pairs = ((cell, by_place.get(_place(cell))) for cell in evaluation.cells)
    return [(cell, match) for cell, match in pairs if match is not None]


def differing_conditions(evaluation: Evaluation, other: Evaluation) -> list[str]:
    """Return what keeps two evaluations from being paired: `seed 0 and 1`, `definition of success`."""
    pairs = {
        "seed": (evaluation.seed, other.seed),
        "task": (evaluation.task, other.task),
        "longest episode": (f"{evaluation.episode_seconds:g} s", f"{other.episode_seconds:g} s"),
    }
    found = [f"{name} {one} and {two}" for name, (one, two) in pairs.items() if one != two]
    changed = [name for name in ("success", "knobs") if getattr(evaluation, name, {}) != getattr(other, name, {})]
    return found + [_CHANGED[name] for name in changed]


def compared(
    evaluation: Evaluation, other: Evaluation, measure: Measure, cells: Iterable[tuple[Cell, Cell]] | None = None
) -> Comparison | None:
    """Return the difference of a measure, over the episodes that both have a value of; None without pairs.

    `cells` are pairs of cells, by default all that both have. The test holds only under the same conditions.
    """
    pairs = [
        (one, two)
        for cell, match in (shared_cells(evaluation, other) if cells is None else cells)
        for one, two in zip(cell.values.get(measure.name, ()), match.values.get(measure.name, ()), strict=False)
        if one is not None and two is not None and math.isfinite(one) and math.isfinite(two)
    ]
    share = is_share(evaluation, measure) and is_share(other, measure)
    return compare([one for one, _ in pairs], [two for _, two in pairs], is_share=share)


def comparison_text(found: Comparison, measure: Measure, scale: Scale) -> str:
    """Return a difference with its verdict: `better, +12 (+4 to +20), p 0.01`."""
    signed = Scale(scale.low, scale.high, scale.unit, scale.better, is_difference=True)
    interval = "" if math.isnan(found.low) else f" ({signed.text(found.low)} to {signed.text(found.high)})"
    p = "p < 0.001" if found.p < 0.001 else f"p {found.p:.3f}".rstrip("0").rstrip(".")
    return f"{verdict(found, measure)}, {signed.text(found.difference)}{interval}, {p}"


def verdict(found: Comparison, measure: Measure) -> str:
    """Return what a comparison says: better, worse, different or inconclusive."""
    if not found.is_significant:
        return "inconclusive"
    if not measure.better:
        return "different"
    return "better" if (found.difference > 0) == (measure.better == "higher") else "worse"


_CHANGED = {"success": "definition of success", "knobs": "knobs in force"}


def _place(cell: Cell) -> tuple[tuple[str, float | str], ...]:
    return tuple(sorted(cell.at.items()))
