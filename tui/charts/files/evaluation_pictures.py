"""Pictures of a stored evaluation, beside its JSON file: all its measures as SVG and PNG."""

from __future__ import annotations

from pathlib import Path

from trainer_proc.contract.evaluation import Evaluation
from trainer_proc.contract.run_folder import write_atomically
from tui.charts.files.figures_svg import figures_svg
from tui.charts.files.png import FontError, png_of
from tui.charts.palette import PALETTES
from tui.session.evaluations.evaluation_figures import figure_table


def write_pictures(evaluation: Evaluation, result: Path) -> None:
    """Write `<suite>.svg` and `<suite>.png`; no PNG without a font. Raises `OSError`."""
    title = f"{evaluation.suite}: {evaluation.checkpoint} of {evaluation.run}"
    svg = figures_svg(figure_table(evaluation), PALETTES["light"], title)
    write_atomically(result.with_suffix(".svg"), svg.encode())
    try:
        write_atomically(result.with_suffix(".png"), png_of(svg))
    except FontError:
        result.with_suffix(".png").unlink(missing_ok=True)  # of an earlier result
