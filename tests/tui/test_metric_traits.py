"""What the names of metrics say about their values, and how charts heed it."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.drawn_chart import draw
from tui.charts.axes import value_axis
from tui.charts.description import ChartDescription
from tui.charts.drawing import Painter
from tui.charts.files.chart_svg import charts_svg
from tui.charts.files.points import points_of
from tui.charts.palette import palette_of
from tui.charts.plan_description import describe_plan
from tui.charts.view import ChartView
from tui.session.board.chart_source import ChartSource, Curve
from tui.session.board.lines import is_log_by_default
from tui.session.board.plans import titled_plan
from tui.session.metrics.history import MetricHistory
from tui.session.metrics.series import Series
from tui.session.metrics.traits import is_stepped, limits_of
from tui.session.state import RunState

STEPPED = (
    *("Curriculum/velocity/level", "Curriculum/velocity/episodes", "Curriculum/command_vel/lin_vel_x_max"),
    *(
        "Loss/learning_rate",
        "info/last_lr",
        "Policy/desired_kl",
        "Terrain/max_level",
        "Train/success_window",
        "Train/noise_free_environments",
    ),
    *("Curriculum/pose/weight", "my/level", "exploration/epsilon"),
)
MEASURED = (
    *("Train/mean_reward", "Train/success_rate", "Policy/kl", "Terrain/mean_level", "Curriculum/terrain_levels"),
    *("Curriculum/terrain_levels/mean", "Metrics/twist/error_vel_xy", "Episode_Termination/fell_over"),
)


def history_of(**values):
    history = MetricHistory()
    for name, (xs, ys) in values.items():
        history.series[name].extend(xs, ys)
    return history


def chart_of(metric, xs, ys, **view):
    source = ChartSource("run", history_of(**{metric: (xs, ys)}))
    plan = titled_plan("t", metric)
    return describe_plan(plan, [source], state=RunState(), curricula=(), view=ChartView(**view))


def sized(chart, width=60, height=14):
    return ChartDescription(chart.title, width, height, chart.curves, view=chart.view)


def painter_of(chart):
    painter = Painter()
    painter.paint(sized(chart))
    return painter


def labels(chart):
    """The labels of the value axis, from the top."""
    lines = ["".join(text for text, _ in line) for line in draw(sized(chart))]
    return [match[1] for line in lines if (match := re.match(r" *(\S+)┤", line))]


def test_settings_and_levels_are_steps_and_measurements_are_not():
    assert [name for name in STEPPED if not is_stepped(name)] == []
    assert [name for name in MEASURED if is_stepped(name)] == []


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("Train/success_rate", (0, 1)),
        ("Policy/clip_fraction", (0, 1)),
        ("Episode_Termination/fell_over", (0, 1)),
        ("Success/terrain/flat", (0, 1)),
        ("Success/score", (0, 1)),
        ("Success/part/yaw", (0, 1)),
        ("Success/error/linear", (0, math.inf)),
        ("Success/instant_error/yaw", (0, math.inf)),
        ("Terrain/share_at_level_3", (0, 1)),
        ("env/win_rate", (0, 1)),
        ("Policy/explained_variance", (-math.inf, 1)),
        ("Loss/value", (0, math.inf)),
        ("Perf/collection_time", (0, math.inf)),
        ("Curriculum/velocity/level", (0, math.inf)),
        ("Loss/learning_rate", (0, math.inf)),
        ("Episode_Reward/action_rate", (-math.inf, math.inf)),
        ("Train/mean_reward", (-math.inf, math.inf)),
        ("Loss/surrogate", (-math.inf, math.inf)),
    ],
)
def test_limits_follow_from_what_a_metric_is(name, limits):
    assert limits_of(name) == limits


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=20), st.integers(3, 8))
def test_the_axis_of_a_rate_never_leaves_0_to_1(values, ticks):
    axis = value_axis(min(values), max(values), ticks, (0.0, 1.0))
    assert 0 <= axis.low <= min(values)
    assert max(values) <= axis.high <= 1
    assert len(axis.ticks) >= 2


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0, ["1.0", "0.5", "0"]), (1.0, ["1.00", "0.95", "0.90", "0.85", "0.80"])]
)
def test_a_constant_rate_has_an_axis_within_its_limits(value, shown):
    chart = chart_of("Train/success_rate", range(50), [value] * 50)
    assert labels(chart) == shown
    picture = charts_svg([chart], palette_of("dark"), "t")
    numbers = [float(text) for text in re.findall(r'text-anchor="end"[^>]*>([-\d.]+)<', picture)]
    assert numbers
    assert all(0 <= number <= 1 for number in numbers)


def test_values_beyond_their_limits_are_shown_all_the_same():
    axis = painter_of(chart_of("Episode_Termination/fell_over", range(3), [0.0, 481.0, 3.0])).plot.axis
    assert (axis.low, axis.high >= 481) == (0, True)
    assert painter_of(chart_of("Policy/kl", range(3), [-0.5, 0.1, 0.2])).plot.axis.low <= -0.5


def test_a_learning_rate_that_falls_by_factors_has_a_logarithmic_axis():
    chart = chart_of("Loss/learning_rate", range(4), [1e-3, 1e-4, 1e-5, 1e-4])
    source = ChartSource("run", history_of(**{"Loss/learning_rate": (range(4), [1e-3, 1e-4, 1e-5, 1e-4])}))
    assert is_log_by_default(titled_plan("lr", "Loss/learning_rate"), [source])
    chart = chart_of("Loss/learning_rate", range(4), [1e-3, 1e-4, 1e-5, 1e-4], log_y=True)
    assert {"1e-4", "1e-5"} <= set(labels(chart))
    annealed = ChartSource("run", history_of(**{"Loss/learning_rate": (range(3), [1e-3, 5e-4, 0.0])}))
    assert not is_log_by_default(titled_plan("lr", "Loss/learning_rate"), [annealed])
    assert not is_log_by_default(titled_plan("reward", "Train/mean_reward"), [source])


def test_a_constant_learning_rate_is_readable_on_its_axis():
    shown = labels(chart_of("Loss/learning_rate", range(4), [1e-4] * 4, log_y=True))
    assert shown == ["1.10e-4", "1.05e-4", "1.00e-4", "9.5e-5", "9.0e-5"]


def test_a_level_is_not_smoothed_but_what_was_measured_is():
    levels = [0.0] * 30 + [1.0] * 30
    chart = chart_of("Curriculum/velocity/level", range(60), levels, smoothing=0.9)
    assert points_of(chart)[0].smoothed is None
    assert "smoothed" not in charts_svg([chart], palette_of("dark"), "t")
    reward = chart_of("Train/mean_reward", range(60), levels, smoothing=0.9)
    assert points_of(reward)[0].smoothed is not None
    assert "smoothed" in charts_svg([reward], palette_of("dark"), "t")


def test_a_level_between_two_points_stays_what_it_was():
    """Three points far apart: a line between them would show levels that never were."""
    chart = chart_of("Curriculum/velocity/level", [0, 50, 100], [0.0, 2.0, 2.0], smoothing=0.9)
    columns = drawn_rows(chart)
    assert len(set(columns[:20])) == 1
    assert len({tuple(rows) for rows in columns}) <= 4  # the low level, the two halves of its rise, the high level
    measured = chart_of("Train/mean_reward", [0, 50, 100], [0.0, 2.0, 2.0])
    assert len({tuple(rows) for rows in drawn_rows(measured)}) > 5


def drawn_rows(chart):
    """The lines of the plot that each of its columns has dots in."""
    lines = ["".join(text for text, _ in line) for line in draw(sized(chart))]
    left = next(line.index("┤") for line in lines if "┤" in line) + 1
    plot = [line[left:] for line in lines if "┤" in line or "│" in line]
    return [
        tuple(row for row, line in enumerate(plot) if "\u2801" <= line[column] <= "\u28ff")
        for column in range(len(plot[0]) - 1)
    ]


def test_a_level_that_grows_point_by_point_looks_as_if_drawn_at_once():
    xs, ys = [0, 40, 90, 91, 150], [0.0, 1.0, 1.0, 3.0, 2.0]
    series = Series()
    painter = Painter()
    view = ChartView(range=(0.0, 200.0))
    for x, y in zip(xs, ys, strict=True):
        series.append(x, y)
        grown = painter.paint(ChartDescription("t", 60, 14, (Curve("c", series, is_stepped=True),), view=view))
    whole = Series()
    whole.extend(xs, ys)
    at_once = Painter().paint(ChartDescription("t", 60, 14, (Curve("c", whole, is_stepped=True),), view=view))
    assert np.array_equal(grown.codes, at_once.codes)


def test_evaluations_are_drawn_as_measured_whatever_the_smoothing():
    def codes(metric, smoothing):
        chart = chart_of(metric, [200, 400, 600, 800], [0.0, 0.35, 0.74, 0.76])
        view = ChartView(smoothing=smoothing)
        return Painter().paint(ChartDescription("t", 60, 14, chart.curves, view=view)).codes

    assert np.array_equal(codes("Evaluation/success", 0.6), codes("Evaluation/success", 0.0))
    assert not np.array_equal(codes("Train/success_rate", 0.6), codes("Train/success_rate", 0.0))


def test_the_crosshair_reads_the_level_in_force():
    chart = chart_of("Curriculum/velocity/level", [0, 100], [0.0, 3.0], crosshair=90.0)
    picture = "".join(text for text, _ in draw(sized(chart))[0])
    assert picture.rstrip().endswith(" 0")


def test_an_exported_level_has_corners_and_an_exported_measurement_has_slopes():
    xs, ys = [0, 50, 100], [0.0, 2.0, 2.0]
    assert has_only_corners(charts_svg([chart_of("Curriculum/velocity/level", xs, ys)], palette_of("dark"), "t"))
    assert not has_only_corners(charts_svg([chart_of("Train/mean_reward", xs, ys)], palette_of("dark"), "t"))


def has_only_corners(picture):
    path = re.search(r'<path d="([^"]+)"', picture)[1]
    points = [tuple(map(float, pair)) for pair in re.findall(r"[ML ]?(-?[\d.]+)[ ,](-?[\d.]+)", path)]
    assert len(points) > 2
    return all(one[0] == other[0] or one[1] == other[1] for one, other in pairwise(points))
