"""Charts of a run from its journal, for a file; what the command `chart` does."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from curricula.schema import SchemaProblem
from trainer_proc.wire.journal import JournalReader
from trainer_proc.wire.run_folder import RunFolder
from tui.pictures.described import described
from tui.pictures.export import NotExported, content_of, kind_of, write_file
from tui.session.board.chart_source import ChartSource
from tui.session.board.plans import named_board
from tui.session.curricula.now import curricula_now
from tui.session.fuzzy import best_first
from tui.session.interventions.marks import marks_of
from tui.session.metrics.history import MetricHistory
from tui.session.metrics.timeline import Timeline, XUnit
from tui.session.state import RunState
from tui.widgets.chart.view import ChartView, Range


class NothingToDraw(Exception):
    """What was asked for isn't in the run; the message is one line."""


@dataclass(frozen=True)
class Wanted:
    """What to draw: metrics by name or role, together or `apart`; the x axis is in `unit` from `first` to `last`."""

    metrics: Sequence[str]
    apart: bool = False
    unit: XUnit = "iteration"
    first: float | None = None
    last: float | None = None
    smoothing: float = 0.0
    log: bool = False


def write_charts(
    folder: RunFolder, wanted: Wanted, output: Path, theme: str, overwrite: bool
) -> tuple[Path, list[str]]:
    """Write charts of a run into a file; return where it lies, and the metrics' names.

    Raises `NotExported` or `NothingToDraw`.
    """
    kind = kind_of(output)
    if output.exists() and not overwrite:
        raise NotExported(f"{output} exists: --force replaces it")
    state, history = RunState(), MetricHistory()
    for frames in JournalReader(folder.journal).read_pieces():
        history.apply(frames)
        for frame in frames:
            state.apply(frame)
    names = [name for name, series in history.series.items() if series.count]
    plans = named_board(wanted.metrics if wanted.apart else [" + ".join(wanted.metrics)], names)
    metrics = list(dict.fromkeys(metric for plan in plans for metric in plan.metrics))
    _refuse_unknown(metrics, names, folder.name)
    try:
        curricula = curricula_now(state)
    except SchemaProblem:  # of another version of the program; only its thresholds are missed
        curricula = []
    source = ChartSource(folder.name, history, marks_of(state))
    view = ChartView(wanted.unit, _range(history.timeline, wanted), smoothing=wanted.smoothing, log_y=wanted.log)
    charts = [described(plan, [source], state, curricula, view) for plan in plans]
    return write_file(output, content_of(charts, kind, theme, folder.name), overwrite), metrics


def _refuse_unknown(metrics: Sequence[str], names: Sequence[str], run: str) -> None:
    for metric in metrics:
        if metric not in names:
            nearest = ", ".join((difflib.get_close_matches(metric, names) or best_first(metric, names))[:3])
            raise NothingToDraw(f"{run} has published no {metric}" + (f"; nearest: {nearest}" if nearest else ""))


def _range(timeline: Timeline, wanted: Wanted) -> Range | None:
    extent = timeline.extent(wanted.unit)
    if extent is None:
        raise NothingToDraw("this run has no iteration yet")
    if wanted.unit not in timeline.units:
        raise NothingToDraw(f"this run doesn't tell the {wanted.unit} of its iterations: leave --x out")
    if wanted.first is None and wanted.last is None:
        return None
    low = extent[0] if wanted.first is None else wanted.first
    high = extent[1] if wanted.last is None else wanted.last
    if high <= low:
        raise NothingToDraw(f"--from {low:g} is not before --to {high:g}")
    return low, high
