"""Charts with smoothing, log scale, units, bands and the crosshair."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.drawn_chart import draw
from tui.charts.axes import log_axis
from tui.charts.canvas import BAND, STYLE_NUMBERS
from tui.charts.description import Band, ChartDescription, Marks, Reference
from tui.charts.drawing import Painter
from tui.charts.legend import CURVE_GLYPHS
from tui.charts.view import ChartView
from tui.charts.x_axis import duration_text, place_ticks
from tui.session.board.chart_source import Curve
from tui.session.interventions.marks import Mark
from tui.session.metrics.series import Series
from tui.session.metrics.timeline import Timeline


def series_of(ys):
    series = Series()
    series.extend(range(len(ys)), ys)
    return series


def timeline_of(count, steps_each=98_304, seconds_each=2.5):
    timeline = Timeline()
    iterations = np.arange(count)
    timeline.extend(iterations, (iterations + 1) * steps_each, 60 + iterations * seconds_each)
    return timeline


def picture(title="t", width=44, height=10, **description):
    return ["".join(text for text, _ in line) for line in draw(ChartDescription(title, width, height, **description))]


def painted(title="t", width=44, height=10, **description):
    return Painter().paint(ChartDescription(title, width, height, **description))


def cells_of_style(grid, style):
    return np.argwhere((grid.styles & ~np.uint8(BAND)) == STYLE_NUMBERS[style])


def test_a_smoothed_curve_is_drawn_in_front_of_a_checkerboard_of_the_raw_one():
    noise = np.random.default_rng(0).normal(size=2000)
    lines = picture(curves=(Curve("c", series_of(noise)),), view=ChartView(smoothing=0.99))
    grid = painted(curves=(Curve("c", series_of(noise)),), view=ChartView(smoothing=0.99))
    raw = {chr(grid.codes[row, column]) for row, column in cells_of_style(grid, "raw-1")}
    assert all((ord(character) - 0x2800) & ~0x95 == 0 for character in raw)
    smooth = cells_of_style(grid, "series-1")
    assert {tuple(cell) for cell in smooth}.isdisjoint({tuple(cell) for cell in cells_of_style(grid, "raw-1")})
    assert len(np.unique(smooth[:, 1])) == 36
    assert lines[0].endswith(f"{noise[-1]:.4g}")


def test_smoothing_a_line_draws_only_that():
    straight = painted(curves=(Curve("c", series_of([5.0] * 100)),))
    smoothed = painted(curves=(Curve("c", series_of([5.0] * 100)),), view=ChartView(smoothing=0.9))
    np.testing.assert_array_equal(straight.codes, smoothed.codes)


def test_a_logarithmic_axis_has_powers_of_ten_at_equal_distances():
    curves = (Curve("c", series_of(10.0 ** np.arange(-3, 3))),)
    assert picture(width=30, height=12, curves=curves, view=ChartView(log_y=True)) == [
        "t                          100",
        " 100┤                      ⢀⠔⠊",
        "    │                   ⢀⠤⠊⠁  ",
        "    │                ⢀⠤⠊⠁     ",
        "   1┤              ⡠⠒⠁        ",
        "    │           ⣀⠔⠉           ",
        "    │        ⢀⠤⠊              ",
        "    │     ⢀⡠⠊⠁                ",
        "0.01┤   ⡠⠒⠁                   ",
        "    │⡠⠔⠉                      ",
        "    └┬────┬────┬───┬────┬────┬",
        "     0    1    2   3    4    5",
    ]


def test_values_without_a_logarithm_are_told_and_interrupt_the_curve():
    ys = [1.0] * 30 + [0.0] * 10 + [-5.0] * 10 + [math.nan] * 10 + [100.0] * 30
    grid = painted(width=48, height=12, curves=(Curve("c", series_of(ys)),), view=ChartView(log_y=True))
    bottom = "".join(map(chr, grid.codes[9]))
    assert "≤≤≤≤≤" in bottom
    assert "××" in bottom
    curve = cells_of_style(grid, "series-1")[:, 1]
    told = cells_of_style(grid, "gap")[:, 1]
    assert len(set(curve.tolist()) & set(told.tolist())) <= 1  # the cell in which the curve begins again


def test_a_column_with_some_values_above_zero_reaches_down_to_the_axis_and_is_told():
    ys = [1.0, 100.0] * 500
    ys[500] = -3.0
    grid = painted(width=40, height=10, curves=(Curve("c", series_of(ys)),), view=ChartView(log_y=True))
    ((row, column),) = cells_of_style(grid, "gap")
    assert chr(grid.codes[row, column]) == "≤"
    assert row == 7
    assert (grid.codes[1:7, column] != ord(" ")).all()


@given(st.floats(-45, 38, allow_nan=False), st.floats(0, 60, allow_nan=False), st.integers(3, 8))
def test_logarithmic_axes_have_few_different_ticks_and_hold_the_values(low, span, most_ticks):
    axis = log_axis(low, low + span, most_ticks)
    labels = [tick.label for tick in axis.ticks]
    assert 2 <= len(set(labels)) == len(labels) <= most_ticks
    assert axis.low <= low + 1e-6
    assert axis.high >= low + span - 1e-6
    assert all(axis.low - 1e-6 <= tick.position <= axis.high + 1e-6 for tick in axis.ticks)
    assert max(map(len, labels)) <= 7


def test_environment_steps_have_units_and_say_what_they_are():
    curves = (Curve("c", series_of(np.arange(3000.0)), timeline_of(3000)),)
    axis = picture(width=60, curves=curves, view=ChartView("steps"))[-1]
    assert axis.split() == ["steps", "50M", "100M", "150M", "200M", "250M", "300M"]


def test_time_has_ticks_at_round_minutes_and_hours():
    curves = (Curve("c", series_of(np.arange(3000.0)), timeline_of(3000)),)
    axis = picture(width=60, curves=curves, view=ChartView("time"))[-1]
    assert axis.split() == ["time", "30min", "1h", "1h30min", "2h"]


def test_a_curve_without_a_timeline_is_empty_over_time():
    with_none = picture(curves=(Curve("c", series_of([1.0, 2.0])),), view=ChartView("time"))
    assert "no data yet" in "".join(with_none)


def test_points_are_where_their_time_is():
    timeline = Timeline()
    timeline.extend([0, 1, 2, 3], [1, 2, 3, 4], [0.0, 1.0, 2.0, 100.0])
    grid = painted(width=60, curves=(Curve("c", series_of([0.0, 0.0, 9.0, 9.0]), timeline),), view=ChartView("time"))
    high = cells_of_style(grid, "series-1")
    rises = high[high[:, 0] < 4][:, 1].min()
    assert rises <= 10  # of 60: two seconds of a hundred


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0"),
        (45, "45s"),
        (60, "1min"),
        (90, "1min30s"),
        (5400, "1h30min"),
        (7205, "2h5s"),
        (54 * 3600, "2d6h"),
        (-90, "-1min30s"),
    ],
)
def test_durations_are_told_without_rounding(seconds, text):
    assert duration_text(seconds) == text


@given(st.sampled_from(["iteration", "steps", "time"]), st.floats(0, 1e9), st.floats(0, 1e9), st.integers(1, 200))
def test_every_part_of_an_axis_has_a_tick_inside(unit, low, span, cells):
    ticks = place_ticks(unit, low, low + span, cells)
    assert ticks
    if len(ticks) > 1:
        assert all(low - 1e-6 <= tick.position <= low + span + 1e-6 for tick in ticks)
        assert sum(len(tick.label) + 1 for tick in ticks) <= cells
        assert len({tick.label for tick in ticks}) == len(ticks)


def test_a_band_is_shaded_between_its_ends_and_told_without_colour():
    kl = 0.015 + 0.015 * np.sin(np.arange(200) / 30)
    chart = {"height": 16, "curves": (Curve("kl", series_of(kl)),), "bands": (Band(0.005, 0.02, "rate stays"),)}
    grid = painted(**chart)
    shaded = np.flatnonzero((grid.styles & BAND).any(axis=1))
    assert (np.diff(shaded) == 1).all()
    assert 0 < len(shaded) < 13
    assert ((grid.styles[shaded] & BAND) > 0).sum() == len(shaded) * 36
    lines = picture(**chart)
    assert sum("rate stays" in line for line in lines) == 1
    edges = {row for row, _ in cells_of_style(grid, "band-edge")}
    assert {shaded[0], shaded[-1]} & edges or {shaded[0] - 1, shaded[-1] + 1} & edges


def test_a_band_without_an_end_goes_on_to_that_of_the_axis_and_one_that_is_none_is_left_out():
    curves = (Curve("s", series_of(np.linspace(0, 1, 50))),)
    above = painted(curves=curves, bands=(Band(0.5, math.inf, "up"),))
    assert (above.styles[1] & BAND).any()
    assert not (above.styles[6] & BAND).any()
    for band in (Band(0.5, 0.5, "x"), Band(math.nan, 1.0, "x"), Band(0.9, 0.1, "x")):
        np.testing.assert_array_equal(painted(curves=curves, bands=(band,)).codes, painted(curves=curves).codes)


def test_lines_without_a_logarithm_are_left_out_of_a_logarithmic_chart():
    curves = (Curve("c", series_of([1.0, 10.0, 100.0])),)
    view = ChartView(log_y=True)
    plain = picture(curves=curves, view=view)
    assert picture(curves=curves, view=view, references=(Reference(-1.0, "below"),)) == plain
    assert any("wanted" in line for line in picture(curves=curves, view=view, references=(Reference(5.0, "wanted"),)))


def test_the_crosshair_is_a_line_and_its_values_stand_in_the_title():
    curves = (Curve("a", series_of(np.arange(101.0))), Curve("b", series_of(np.arange(101.0) * -1)))
    grid = painted(curves=curves, view=ChartView(crosshair=50.0))
    line = cells_of_style(grid, "crosshair")
    assert len(set(line[:, 1].tolist())) == 1
    assert len(line) >= 4
    title = picture(curves=curves, view=ChartView(crosshair=50.0))[0]
    assert title.endswith("● a 50  ■ b -50")
    assert len(cells_of_style(grid, "readout")) == 5
    assert picture(curves=curves, view=ChartView(crosshair=500.0)) == picture(curves=curves)


def test_the_crosshair_reads_the_nearest_point_and_nothing_where_a_curve_is_not():
    series = Series()
    series.extend([20, 30, 40], [2.0, 3.0, math.nan])
    curves = (Curve("all", series_of(np.arange(101.0))), Curve("part", series))

    def told(place, **view):
        return picture(width=60, curves=curves, view=ChartView(crosshair=place, **view))[0].split()[-1]

    assert [told(place) for place in (21.0, 24.0, 26.0, 30.0, 39.0)] == ["2", "2", "3", "3", "nan"]
    assert [told(place) for place in (5.0, 80.0)] == ["–", "–"]
    title = picture(width=60, curves=curves[:1], view=ChartView(crosshair=50.4, smoothing=0.9))[0]
    assert 40 < float(title.split()[-1]) < 50


def test_the_crosshair_reads_values_over_every_unit():
    curves = (Curve("c", series_of(np.arange(100.0)), timeline_of(100, steps_each=10, seconds_each=2.0)),)
    for view in (ChartView("steps", crosshair=510.0), ChartView("time", crosshair=160.0)):
        assert picture(curves=curves, view=view)[0].endswith(" 50")


def test_marks_at_the_crosshair_are_named():
    marks = (Marks((Mark(20, "#1", "user", "weight 1 → 2"), Mark(80, "#2", "curriculum", "level 3"))),)
    curves = (Curve("c", series_of(np.arange(101.0))),)
    assert picture(curves=curves, marks=marks)[1].split() == ["▼", "#1", "◆", "#2"]
    named = picture(curves=curves, marks=marks, view=ChartView(crosshair=20.0))[1]
    assert named.split() == ["▼", "#1", "weight", "1", "→", "2", "◆"]
    far = picture(curves=curves, marks=marks, view=ChartView(crosshair=79.0))[1]
    assert far.endswith("◆ #2 level 3")
    low = picture(curves=curves, marks=marks, height=6, view=ChartView(crosshair=20.0))
    assert "▼ #1 weight 1 → 2" in low[1]


def test_marks_of_several_runs_are_where_each_of_them_was():
    fast, slow = timeline_of(100, seconds_each=1.0), timeline_of(100, seconds_each=4.0)
    curves = (Curve("fast", series_of(np.arange(100.0)), fast), Curve("slow", series_of(np.arange(100.0)), slow))
    marks = (Marks((Mark(50, "f"),), fast), Marks((Mark(50, "s"),), slow), Marks((Mark(50, "none"),)))
    line = picture(width=60, curves=curves, marks=marks, view=ChartView("time"))[1]
    assert line.split() == ["▼", "f", "▼", "s"]


def test_eight_curves_have_eight_styles_and_glyphs_and_a_ninth_is_left_out():
    curves = tuple(Curve(f"run {number}", series_of([number, number])) for number in range(9))
    grid = painted(width=120, height=20, curves=curves)
    glyphs = {chr(code) for code in grid.codes[1:].ravel().tolist()} & set(CURVE_GLYPHS)
    assert glyphs == set(CURVE_GLYPHS)
    assert all(len(cells_of_style(grid, f"series-{number}")) for number in range(1, 9))
    assert "".join(picture(width=30, height=20, curves=curves)[0]).endswith(" …")


def test_a_curve_goes_on_to_points_outside_what_is_seen():
    curves = (Curve("c", series_of(np.arange(1000.0))),)
    inside = painted(width=60, height=12, curves=curves, view=ChartView(range=(500.3, 504.6)))
    assert len(np.unique(cells_of_style(inside, "series-1")[:, 1])) == 52
    between = painted(width=60, height=12, curves=curves, view=ChartView(range=(500.2, 500.8)))
    assert len(np.unique(cells_of_style(between, "series-1")[:, 1])) == 52


def test_a_gap_at_the_edge_is_not_bridged_to_points_outside():
    ys = np.arange(1000.0)
    ys[500:505] = math.nan
    grid = painted(width=60, height=12, curves=(Curve("c", series_of(ys)),), view=ChartView(range=(500.0, 510.0)))
    assert cells_of_style(grid, "series-1")[:, 1].min() > 30
