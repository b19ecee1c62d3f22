"""Tables that charts are exported to."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest

from tests.tui.chart_examples import SVG, chart_of, drawn, series_of, texts, timeline_of
from tui.charts.description import ChartDescription
from tui.charts.files.csv_table import table_of
from tui.charts.files.points import copied_charts, range_of
from tui.charts.view import ChartView
from tui.session.board.chart_source import Curve
from tui.session.metrics.own_times import SeriesOverTime
from tui.session.metrics.series import Series


def rows_of(*charts):
    return list(csv.DictReader(table_of(charts).splitlines()))


def test_a_table_has_every_point_in_sight_with_its_times():
    rows = rows_of(chart_of([0.5, 1.5, math.nan, -1e-30], view=ChartView(range=(1.0, 3.0))))
    assert rows == [
        {"iteration": "1", "steps": "200", "seconds": "4.000", "reward": "1.5"},
        {"iteration": "2", "steps": "300", "seconds": "6.000", "reward": "nan"},
        {"iteration": "3", "steps": "400", "seconds": "8.000", "reward": "-1e-30"},
    ]


def test_float32_values_are_told_exactly():
    values = np.random.default_rng(7).normal(size=1000).astype(np.float32)
    rows = rows_of(chart_of(values))
    assert [np.float32(row["reward"]) for row in rows] == values.tolist()


def test_curves_with_other_iterations_leave_blanks():
    timeline = timeline_of(5)
    curves = (Curve("a", series_of([1.0, 2.0], [0, 4]), timeline), Curve("b", series_of([3.0], [2]), timeline))
    rows = rows_of(ChartDescription("two", 0, 0, curves))
    assert [(row["iteration"], row["a"], row["b"]) for row in rows] == [
        ("0", "1.0", ""),
        ("2", "", "3.0"),
        ("4", "2.0", ""),
    ]


def test_several_points_of_one_iteration_have_a_row_each():
    rows = rows_of(ChartDescription("x", 0, 0, (Curve("x", series_of([1.0, 2.0, 3.0], [1, 1, 2]), timeline_of(3)),)))
    assert [(row["iteration"], row["x"]) for row in rows] == [("1", "1.0"), ("1", "2.0"), ("2", "3.0")]


def test_smoothed_values_stand_beside_what_was_measured():
    rows = rows_of(chart_of([0.0, 1.0], view=ChartView(smoothing=0.5)))
    assert list(rows[0]) == ["iteration", "steps", "seconds", "reward", "reward smoothed"]
    assert float(rows[1]["reward smoothed"]) == pytest.approx(2 / 3)


def test_several_runs_stand_one_below_the_other_because_their_times_differ():
    curves = (
        Curve("run a", series_of([1.0]), timeline_of(1, 10)),
        Curve("run b", series_of([2.0]), timeline_of(1, 99)),
    )
    rows = rows_of(ChartDescription("reward", 0, 0, curves))
    assert [(row["curve"], row["steps"], row["value"]) for row in rows] == [
        ("run a", "10", "1.0"),
        ("run b", "99", "2.0"),
    ]


def watched_curve(name, *branches, start=0.0):
    """A curve of points with steps, values and times of their own; a second branch was replaced by the first one."""
    made = []
    for steps, values, times in branches:
        series = Series(has_times=True)
        series.extend(steps, values, times)
        made.append((series, SeriesOverTime(series, lambda: start)))
    (newest, over_time), *rest = made
    replaced = Curve(name, rest[0][0], over_time=rest[0][1]) if rest else None
    return Curve(name, newest, over_time=over_time, replaced=replaced)


@pytest.mark.parametrize("unit", ["iteration", "time"])
def test_points_with_times_of_their_own_are_written_with_them(unit):
    loss = watched_curve("loss", ([0, 1, 2], [5.0, 4.0, 3.0], [100.0, 101.0, 102.5]), start=100.0)
    later = watched_curve("eval", ([0, 2, 1], [7.0, 9.0, 8.0], [101.5, 103.0, 104.0]), start=100.0)
    chart = ChartDescription("watched", 0, 0, (loss, later), view=ChartView(unit=unit))
    (copied,) = copied_charts([chart])
    assert table_of([copied]) == table_of([chart])
    rows = list(csv.reader(table_of([chart]).splitlines()))[1:]
    assert [row for row in rows if row[0] == "loss"] == [
        ["loss", "0", "", "0.000", "5.0", ""],
        ["loss", "1", "", "1.000", "4.0", ""],
        ["loss", "2", "", "2.500", "3.0", ""],
    ]
    assert {tuple(row[1:5]) for row in rows if row[0] == "eval"} == {
        ("0", "", "1.500", "7.0"),
        ("2", "", "3.000", "9.0"),
        ("1", "", "4.000", "8.0"),
    }
    assert [row[1] for row in rows if row[0] == "eval"] == (["0", "1", "2"] if unit == "iteration" else ["0", "2", "1"])


@pytest.mark.parametrize("unit", ["iteration", "time"])
def test_what_was_replaced_is_drawn_fainter_behind_and_is_in_no_table(unit):
    curve = watched_curve("loss", ([0, 1, 2], [1.0] * 3, [0.0, 1.0, 2.0]), ([1, 2, 3], [9.0] * 3, [0.1, 0.2, 0.3]))
    chart = ChartDescription("watched", 0, 0, (curve,), view=ChartView(unit=unit), steps="environment steps")
    root = drawn(chart)
    opacities = [path.get("stroke-opacity") or path.get("opacity") for path in root.iter(f"{SVG}path")]
    assert len([opacity for opacity in opacities if opacity]) == 1
    assert ("environment steps" in texts(root)) == (unit == "iteration")
    assert range_of(chart) == ((0.0, 3.0) if unit == "iteration" else (0.0, 2.0))
    assert "9.0" not in table_of([chart])


def test_curves_of_several_charts_are_named_by_chart_and_run():
    timelines = timeline_of(1), timeline_of(1, 9)
    charts = [
        ChartDescription(title, 0, 0, tuple(Curve(run, series_of([1.0]), timelines[run == "b"]) for run in "ab"))
        for title in ("reward", "KL")
    ]
    assert [row["curve"] for row in rows_of(*charts)] == ["reward: a", "reward: b", "KL: a", "KL: b"]


def test_what_a_title_tells_beside_the_name_is_no_part_of_it():
    timeline = timeline_of(1)
    chart = ChartDescription(
        "success rate, last 58 episodes", 0, 0, (Curve("success rate", series_of([1.0]), timeline),)
    )
    assert list(rows_of(chart)[0])[-1] == "success rate"


def test_charts_of_one_name_keep_theirs_apart():
    timeline = timeline_of(1)
    charts = [ChartDescription("error", 0, 0, (Curve("error", series_of([one]), timeline),)) for one in (1.0, 2.0, 3.0)]
    (row,) = rows_of(*charts)
    assert [value for name, value in row.items() if "error" in name] == ["1.0", "2.0", "3.0"]
