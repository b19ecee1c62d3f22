"""Pictures of a stored evaluation."""

from __future__ import annotations

from pathlib import Path

from trainer_proc.contract.evaluation import Evaluation
from tui.charts.files.result_pictures import write_result_pictures
from tui.session.evaluations.evaluation_figures import figure_table


def write_pictures(evaluation: Evaluation, result: Path) -> str:
    """Write `<suite>.svg` and `<suite>.png`; return why they are missing, as `write_result_pictures` does."""
    title = f"{evaluation.suite}: {evaluation.checkpoint} of {evaluation.run}"
    return write_result_pictures(figure_table(evaluation), title, result)
