"""Small charts and palettes."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from tui.charts.description import ChartDescription
from tui.charts.files.chart_svg import charts_svg
from tui.charts.palette import palette_of
from tui.session.board.chart_source import Curve
from tui.session.metrics.series import Series
from tui.session.metrics.timeline import Timeline

LIGHT = palette_of("light")
SVG = "{http://www.w3.org/2000/svg}"


def series_of(values, iterations=None):
    series = Series()
    series.extend(range(len(values)) if iterations is None else iterations, values)
    return series


def timeline_of(count, steps=100, seconds=2.0):
    timeline = Timeline()
    whole = np.arange(count)
    timeline.extend(whole, (whole + 1) * steps, (whole + 1) * seconds)
    return timeline


def chart_of(*values, title="reward", names=None, **rest):
    timeline = timeline_of(max(map(len, values)))
    names = names or ([f"curve {number}" for number in range(len(values))] if len(values) > 1 else [title])
    curves = tuple(Curve(name, series_of(one), timeline) for name, one in zip(names, values, strict=True))
    return ChartDescription(title, 0, 0, curves, **rest)


def drawn(chart, colours=LIGHT):
    return ElementTree.fromstring(charts_svg([chart], colours, "a run"))


def texts(root):
    return [element.text for element in root.iter(f"{SVG}text")]
