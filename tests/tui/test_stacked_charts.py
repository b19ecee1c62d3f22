"""Stacked areas on the screen and in files."""

from __future__ import annotations

import math
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from tui.charts.canvas import SERIES_STYLES, STYLES
from tui.charts.description import ChartDescription, Marks
from tui.charts.drawing import Painter
from tui.charts.files.chart_svg import charts_svg
from tui.charts.files.csv_table import table_of
from tui.charts.palette import palette_of
from tui.charts.stack import stacked
from tui.charts.view import ChartView
from tui.session.board.chart_source import Curve
from tui.session.interventions.marks import Mark
from tui.session.metrics.series import Series

SVG = "{http://www.w3.org/2000/svg}"


def chart_of(*values, width=30, height=10, **more):
    curves = []
    for number, ys in enumerate(values):
        series = Series()
        series.extend(range(len(ys)), ys)
        curves.append(Curve(f"term {number}", series))
    return ChartDescription("shares", width=width, height=height, curves=tuple(curves), is_stacked=True, **more)


def lines(chart):
    grid = Painter().paint(chart)
    return ["".join(text for text, _ in grid.segments(row)) for row in range(grid.height)]


def test_positive_values_go_up_from_0_and_negative_ones_down():
    low, high = stacked(np.array([[60.0, 10.0], [-10.0, 20.0], [20.0, -5.0], [-10.0, math.nan]]))
    assert low.tolist()[:3] == [[0.0, 0.0], [-10.0, 10.0], [60.0, -5.0]]
    assert high.tolist()[:3] == [[60.0, 10.0], [0.0, 30.0], [80.0, 0.0]]
    assert (low[3][0], high[3][0]) == (-20.0, -10.0)
    assert math.isnan(low[3][1])


def test_bands_differ_in_their_dots_and_have_their_signs_at_the_end():
    assert lines(chart_of([50.0] * 20, [50.0] * 20)) == [
        "shares      ● term 0  ■ term 1",
        "100┤⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕",
        "   │⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕■⢕",
        "   │⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕",
        " 50┤⣵⣵⣵⣵⣵⣵⣵⣵⣵⣵⣵⣵⣵⣵⣵⣵⣵⣵⣵⣵⣵⣵⣵⣵⣵⣵",
        "   │⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿",
        "   │⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿●⣿",
        "  0┤⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿",
        "   └┬─────┬──────┬──────┬─────",
        "    0     5     10     15     ",
    ]


def test_each_cell_has_the_colour_of_the_band_with_most_of_it():
    grid = Painter().paint(chart_of([75.0] * 20, [25.0] * 20, height=11))
    styles = [{STYLES[number] for _, number in grid.segments(row)} & set(SERIES_STYLES) for row in range(1, 9)]
    assert styles[0] == {"series-2"}
    assert styles[-1] == {"series-1"}
    assert all(len(one) == 1 for one in styles)


def test_a_wide_chart_lists_bands_with_their_shares_beside_the_plot():
    chart = chart_of([60.0, 70.4], [-40.0, -29.6], width=80)
    shown = lines(chart)
    assert shown[0].strip() == "shares"
    assert shown[1].rstrip().endswith("●  70% term 0")
    assert shown[2].rstrip().endswith("■ -30% term 1")
    at_the_start = lines(replace(chart, view=ChartView(crosshair=0.0)))
    assert at_the_start[1].rstrip().endswith("●  60% term 0")


def test_bands_that_the_list_has_no_line_for_are_counted():
    shown = lines(chart_of(*[[12.5, 12.5]] * 8, width=80, height=8))
    assert shown[4].rstrip().endswith("★  12% term 3")
    assert shown[5].rstrip().endswith("… 4 more")


def test_marks_are_seen_through_the_areas():
    marks = (Marks((Mark(10, "#1"),)),)
    shown = lines(chart_of([50.0] * 20, [50.0] * 20, height=12, marks=marks))
    column = shown[1].index("▼")
    assert {line[column] for line in shown[2:9]} == {"┊"}


def test_a_gap_at_the_ends_is_empty_and_one_between_is_bridged():
    nan = math.nan
    middle = lines(chart_of([nan, nan, 50.0, nan, 50.0, nan, nan], width=40))[5]
    plot = middle.partition("│")[2] or middle.partition("┤")[2]
    assert plot[:8].strip() == ""
    assert plot[-8:].strip() == ""
    assert set(plot.strip()[1:-1]) <= {"⣿", "●"}
    assert len(plot.strip()) > 8


@pytest.mark.parametrize("smoothing", [0.0, 0.6])
def test_files_have_an_area_for_each_band_and_the_table_the_shares(smoothing):
    chart = chart_of([60.0, 70.0, 80.0], [-40.0, -30.0, -20.0], view=ChartView(smoothing=smoothing))
    root = ElementTree.fromstring(charts_svg([chart], palette_of("light"), "a run"))
    polygons = list(root.iter(f"{SVG}polygon"))
    assert [polygon.get("fill") for polygon in polygons] == list(palette_of("light").series[:2])
    heights = [[float(pair.split(",")[1]) for pair in polygon.get("points").split()] for polygon in polygons]
    assert max(heights[0]) == pytest.approx(min(heights[1]), abs=0.2)  # they meet at 0
    assert table_of([replace(chart, view=ChartView())]).splitlines()[1].endswith(",60.0,-40.0")


def test_a_stack_without_points_says_so():
    assert "no data yet" in "".join(lines(chart_of([], [])))
