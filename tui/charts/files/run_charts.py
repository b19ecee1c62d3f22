"""Export charts of runs from their journals, for the command `chart`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from curricula.curriculum import Curriculum
from curricula.errors import UsageError, UserError
from curricula.schema import SchemaError
from trainer_proc.contract.run_folder import RunFolder
from tui.charts.files.export import ChartFileError, content_of, kind_of, write_file
from tui.charts.plan_description import describe_plan
from tui.charts.view import ChartView, Range
from tui.session.board.chart_source import ChartSource, extent_of
from tui.session.board.library_units import own_name
from tui.session.board.lines import is_log_by_default
from tui.session.board.plans import ChartPlan, plan_of_metrics, plan_of_role, role_called
from tui.session.board.titles import metrics_called
from tui.session.curricula.reconstruct import curricula_now
from tui.session.interventions.marks import marks_of
from tui.session.metrics.column_reader import ColumnReader
from tui.session.metrics.history import MetricHistory
from tui.session.metrics.timeline import Timeline, XUnit
from tui.session.runs.labels import shown_names
from tui.session.state import RunState


class ChartDataError(UserError):
    """The run lacks the requested data; the message is one line."""


@dataclass(frozen=True)
class ChartRequest:
    """Metrics by name, role or title, on one chart or `apart`, over `unit` from `first` to `last`, None for all."""

    metrics: Sequence[str]
    apart: bool = False
    unit: XUnit = "iteration"
    first: float | None = None
    last: float | None = None
    smoothing: float = 0.0
    log: bool = False


def write_charts(
    folders: Sequence[RunFolder], request: ChartRequest, output: Path, theme: str, overwrite: bool
) -> tuple[Path, list[str]]:
    """Write charts of one or several runs to a file; return its absolute path and the metrics' names.

    Raises `ChartFileError`, `ChartDataError` or `UsageError`.
    """
    kind = kind_of(output)
    if output.exists() and not overwrite:
        raise ChartFileError(f"{output} exists: use --force to replace it")
    title = ", ".join(folder.name for folder in folders)
    read = [_read(folder) for folder in folders]
    names = list(dict.fromkeys(name for _, history in read for name in history.series if history.series[name].count))
    curricula = list(dict.fromkeys(name for state, _ in read for name in _curriculum_names(state)))
    plans = _plans(request, names, curricula, title)
    metrics = list(dict.fromkeys(metric for plan in plans for metric in plan.metrics))
    sources = [
        ChartSource(name, history, marks_of(state), state.started.backend if state.started is not None else "")
        for name, (state, history) in zip(shown_names(folders), read, strict=True)
    ]
    for source in sources:
        source.history.load(metrics)
    _refuse_units(metrics, sources)
    state = read[0][0] if len(read) == 1 else RunState()  # lines and weights exist for a single run only
    for _, history in read:
        _refuse_unit(history.timeline, request.unit)
    view = ChartView(request.unit, _range(sources, request), smoothing=request.smoothing)
    charts = [
        describe_plan(
            plan,
            sources,
            state=state,
            curricula=_curricula(state),
            view=replace(view, log_y=request.log or is_log_by_default(plan, sources)),
        )
        for plan in plans
    ]
    return write_file(output, content_of(charts, kind, theme, title), overwrite), metrics


def _read(folder: RunFolder) -> tuple[RunState, MetricHistory]:
    state, history = RunState(), MetricHistory()
    for frames in ColumnReader(folder.journal).read_pieces():
        history.apply(frames)
        state.apply_all(frames)
    return state, history


def _curricula(state: RunState) -> Sequence[Curriculum]:
    try:
        return curricula_now(state)
    except SchemaError:  # of another version; only the thresholds are missing
        return []


def _plans(request: ChartRequest, names: Sequence[str], curricula: Sequence[str], title: str) -> Sequence[ChartPlan]:
    """Return the charts. Raises `UsageError` for a metric that the runs of this `title` lack."""
    try:
        called = [(text, metrics_called(text, names, curricula)) for text in request.metrics]
    except UsageError as error:
        raise UsageError(f"{title}: {error}") from error
    plans = [_plan(text, metrics) for text, metrics in called]
    if request.apart:
        return list({plan.metrics: plan for plan in plans}.values())
    return [plans[0].with_metrics([metric for plan in plans[1:] for metric in plan.metrics])]


def _plan(text: str, metrics: tuple[str, ...]) -> ChartPlan:
    role = None if text in metrics else role_called(text)
    return plan_of_metrics(*metrics) if role is None else plan_of_role(role, metrics[0])


def _curriculum_names(state: RunState) -> Sequence[str]:
    return () if state.started is None else tuple(state.started.curricula)


def _refuse_units(metrics: Sequence[str], sources: Sequence[ChartSource]) -> None:
    for metric in metrics:
        units = {unit: source.name for source in sources if (unit := source.unit(metric))}
        if len(units) > 1:
            found = " and ".join(f"a {unit} in {units[unit]}" for unit in sorted(units))
            raise ChartDataError(f"{metric} is {found}: write one run at a time, or {own_name(metric)}")


def _refuse_unit(timeline: Timeline, unit: XUnit) -> None:
    if timeline.extent(unit) is None:
        raise ChartDataError("this run has no iteration yet")
    if unit not in timeline.units:
        raise ChartDataError(f"this run has no {unit} for its iterations: omit --x")


def _range(sources: Sequence[ChartSource], request: ChartRequest) -> Range | None:
    extent = extent_of(sources, request.unit)
    if extent is None:
        raise ChartDataError("this run has no iteration yet")
    if request.first is None and request.last is None:
        return None
    low = extent[0] if request.first is None else request.first
    high = extent[1] if request.last is None else request.last
    if high <= low:
        raise ChartDataError(f"--from {low:g} is not before --to {high:g}")
    return low, high
