"""Description of a chart: everything that its picture depends on."""

from __future__ import annotations

from dataclasses import dataclass, field

from tui.charts.view import ChartView, Range
from tui.session.board.chart_source import Curve
from tui.session.interventions.marks import Mark
from tui.session.metrics.timeline import Timeline


@dataclass(frozen=True)
class Reference:
    """A dashed horizontal line; the value axis always includes it. Not drawn if the value is not finite."""

    value: float
    label: str


@dataclass(frozen=True)
class Band:
    """A shaded range of values; the value axis includes both ends, and an infinite one is the end of the axis.

    Not drawn if an end is NaN or `high` is not above `low`.
    """

    low: float
    high: float
    label: str


@dataclass(frozen=True)
class RunBand:
    """Where reference runs were at each of `iterations`: a shaded band around a dotted median.

    NaN where there is no band, or no median. Drawn over an x axis of iterations only.
    """

    iterations: tuple[int, ...]
    low: tuple[float, ...]
    median: tuple[float, ...]
    high: tuple[float, ...]
    label: str
    is_fitted: bool = True
    """Whether the value axis includes the visible part."""


@dataclass(frozen=True)
class Marks:
    """Marks of one run; `timeline` places their iterations on an x axis of another unit."""

    marks: tuple[Mark, ...]
    timeline: Timeline | None = None


@dataclass(frozen=True)
class ChartDescription:
    """A chart of at most 8 curves in `width` by `height` cells.

    `extent` is the range of all data in the unit of `view`; None for the range of the curves. `steps` names an x axis
    of iterations.
    """

    title: str
    width: int
    height: int
    curves: tuple[Curve, ...] = ()
    references: tuple[Reference, ...] = ()
    bands: tuple[Band, ...] = ()
    marks: tuple[Marks, ...] = ()
    view: ChartView = field(default_factory=ChartView)
    extent: Range | None = None
    steps: str = "iteration"
    is_stacked: bool = False
    """Whether the curves are stacked areas: values above 0 upwards from it, the others downwards."""
    run_bands: tuple[RunBand, ...] = ()
