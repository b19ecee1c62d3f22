"""Incremental painting of a chart gives the same picture as painting it once."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.charts.description import Band, ChartDescription, Marks, Reference, RunBand
from tui.charts.drawing import Painter
from tui.charts.view import ChartView
from tui.session.board.chart_source import Curve
from tui.session.interventions.marks import Mark
from tui.session.metrics.series import Series
from tui.session.metrics.timeline import X_UNITS, Timeline

values = st.floats(-10, 10, width=32) | st.sampled_from([0.0, math.nan, math.inf, 1000.0])
sizes = st.tuples(st.integers(8, 60), st.integers(3, 14))


@st.composite
def views(draw):
    low = draw(st.floats(-50, 400))
    shown = draw(st.sampled_from(["all", "range", "follow"]))
    return ChartView(
        unit=draw(st.sampled_from(X_UNITS)),
        range=(low, low + draw(st.floats(1, 500))) if shown == "range" else None,
        follow=draw(st.floats(5, 300)) if shown == "follow" else None,
        smoothing=draw(st.sampled_from([0.0, 0.0, 0.6, 0.99])),
        log_y=draw(st.booleans()),
        crosshair=draw(st.none() | st.floats(-10, 400)),
    )


batches = st.lists(st.tuples(st.integers(0, 30), values), max_size=25)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_picture_does_not_depend_on_those_before(data):
    timeline, all_series = Timeline(), [Series() for _ in range(data.draw(st.integers(1, 3)))]
    curves = tuple(Curve(f"curve {number}", series, timeline) for number, series in enumerate(all_series))
    painter, iteration = Painter(), 0
    view, size = data.draw(views()), data.draw(sizes)
    references = (Reference(data.draw(values), "wanted"),)
    bands = (Band(data.draw(values), data.draw(values), "within"),)
    run_bands = (RunBand((0, 40, 90), (0.0, -1.0, 3.0), (1.0, 0.0, 4.0), (2.0, 0.5, 90.0), "reference"),)
    for _ in range(data.draw(st.integers(1, 6))):
        if data.draw(st.integers(0, 3)) == 0:
            view, size = data.draw(views()), data.draw(sizes)
        for series in all_series:
            points = data.draw(batches)
            xs = iteration + np.cumsum([step for step, _ in points], dtype=np.int64)
            series.extend(xs, [value for _, value in points])
        seen = max((series.last_iteration or 0) for series in all_series)
        if data.draw(st.integers(0, 8)) == 0:
            all_series[0].forget_from(seen // 2)
        else:
            iteration = seen
        again = data.draw(st.integers(0, 8)) == 0
        known = np.arange(seen // 2 if again else len(timeline), seen + 1)
        timeline.extend(known, known * (9 if again else 7), known / 3)
        chart = ChartDescription(
            "title", *size, curves, references, bands, (Marks((Mark(3, "#1"), Mark(90, "#2")), timeline),), view,
            run_bands=run_bands[: data.draw(st.integers(0, 1))],
        )  # fmt: skip
        ours, fresh = painter.paint(chart), Painter().paint(chart)
        np.testing.assert_array_equal(ours.codes, fresh.codes)
        np.testing.assert_array_equal(ours.styles, fresh.styles)


def test_old_cells_stay_as_points_arrive_until_the_axes_move():
    series, painter = Series(), Painter()
    series.extend(range(1011), [math.sin(x / 90) for x in range(1011)])
    chart = ChartDescription("t", 60, 12, (Curve("sine", series),))
    before = painter.paint(chart)
    series.extend(range(1011, 1031), [math.sin(x / 90) for x in range(1011, 1031)])
    after = painter.paint(chart)
    assert painter.plot is not None
    column = painter.plot.column(1010)
    np.testing.assert_array_equal(before.codes[1:, : column - 1], after.codes[1:, : column - 1])
    assert (before.codes[1:, column - 1 :] != after.codes[1:, column - 1 :]).any()


def test_the_width_of_the_labels_does_not_depend_on_the_picture_before():
    series, timeline = Series(), Timeline()
    series.extend(np.array([1, 1, 1, 2, 4, 9, 23, 28]), [0.0, 100.0, 0.0, 0.01, 0.0, 1.0, 100.0, 1.0])
    timeline.extend(np.arange(29), np.arange(29), np.arange(29.0))
    curves = (Curve("curve", series, timeline),)
    views = (ChartView("iteration", log_y=log) for log in (False, True))
    linear, log = (ChartDescription("title", 12, 4, curves, view=view) for view in views)
    painter = Painter()
    painter.paint(linear)
    np.testing.assert_array_equal(painter.paint(log).codes, Painter().paint(log).codes)
