"""An evaluation against that of another policy: figures of the differences, and the test of each measure."""

from __future__ import annotations

from collections.abc import Iterator

from trainer_proc.contract.evaluation import Evaluation
from tui.session.evaluations.evaluation_figures import CellValues, cell_text, figures_of_cells, has_cells, overview
from tui.session.evaluations.figures import Figure, Row, difference_scale
from tui.session.evaluations.measured import estimate_of, measured, scale_for, titled
from tui.session.evaluations.paired import compared, comparison_text, shared_cells


def difference_figures(evaluation: Evaluation, other: Evaluation, name: str = "") -> tuple[Figure, ...]:
    """Return figures of one measure minus that of the other policy in each cell.

    Of a suite without axes, return rows of both policies for all measures.
    """
    if not has_cells(evaluation):
        return overview(evaluation, other)
    shown = measured(evaluation)
    measure = next((one for one in shown if one.name == name), shown[0] if shown else None)
    pairs = shared_cells(evaluation, other)
    if measure is None or not pairs:
        return ()
    found = [compared(evaluation, other, measure, [pair]) for pair in pairs]
    scale = difference_scale((one.difference for one in found if one), scale_for(evaluation, measure, [1.0]))
    rows = tuple(
        Row(cell_text(cell, evaluation.axes), one.difference if one else None)
        for (cell, _), one in zip(pairs, found, strict=True)
    )
    title = f"{titled(measure, scale.unit)}: difference from {other.checkpoint}"
    return figures_of_cells(CellValues(evaluation.axes, tuple(cell for cell, _ in pairs), rows, title, scale))


def comparison_lines(evaluation: Evaluation, other: Evaluation) -> Iterator[str]:
    """Yield the test of each measure over all cells that both have, one line each."""
    for measure in measured(evaluation):
        found = compared(evaluation, other, measure)
        own = estimate_of(evaluation, measure)
        if found is not None and own is not None:
            scale = scale_for(evaluation, measure, [own.value])
            yield f"{titled(measure, scale.unit)}: {comparison_text(found, measure, scale)}"
