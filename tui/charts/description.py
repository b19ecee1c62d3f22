"""All that a picture of a chart depends on."""

from __future__ import annotations

from dataclasses import dataclass, field

from tui.charts.view import ChartView, Range
from tui.session.board.chart_source import Curve
from tui.session.interventions.marks import Mark
from tui.session.metrics.timeline import Timeline


@dataclass(frozen=True)
class Reference:
    """A dashed horizontal line at a value; the value axis always reaches it. Not drawn if the value isn't finite."""

    value: float
    label: str


@dataclass(frozen=True)
class Band:
    """What is between two values is shaded; the value axis reaches both, and one that is infinite is its end.

    Not drawn if an end is NaN or `high` is not above `low`.
    """

    low: float
    high: float
    label: str


@dataclass(frozen=True)
class Marks:
    """Marks of one run; `timeline` tells where their iterations are, if the x axis counts anything else."""

    marks: tuple[Mark, ...]
    timeline: Timeline | None = None


@dataclass(frozen=True)
class ChartDescription:
    """What to draw in `width` by `height` cells.

    `extent` is the first and the last place of all the data, in the unit of `view`; None: of the data of the curves,
    of which there are at most 8.
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
