"""Keys and mouse on the board of charts, on the dashboard of a recorded run."""

from __future__ import annotations

import pytest
from textual.widgets import Input, Static

from tests.tui.drawn_chart import lines_of
from tests.tui.screens.chart_parts import (
    LAST,
    board,
    charts,
    edge,
    find,
    focus_charts,
    titles,
    views,
)
from tests.tui.screens.recorded import (
    before_the_first_iteration,
    make_run,
    told,
    type_at_once,
    until,
)
from tui.app import HumanoidTui
from tui.screens.dashboard.knob_panel import KnobPanel
from tui.screens.dashboard.screen import DashboardScreen
from tui.session.board.chart_source import ChartSource
from tui.session.board.plans import board_of
from tui.session.interventions.marks import Mark
from tui.session.metrics.history import MetricHistory
from tui.session.state import RunState
from tui.widgets.board.board_header import BoardHeader
from tui.widgets.board.run_legend import RunLegend
from tui.widgets.chart import Chart

# --- pages ---


async def test_the_first_page_is_the_default_board(shown):
    app, pilot = shown
    assert [title.partition(",")[0] for title in titles(app)] == [plan.title for plan in board_of(["velocity"])]
    assert edge(app).startswith(" 1 overview  2 rewards  3 terminations  4 curricula  5 pinned  6 other  7 shares")
    assert edge(app).rstrip().endswith("iteration: all · smooth 0.6")
    await pilot.resize_terminal(140, 40)
    pages = " 1 overview (10)  2 rewards (14)  3 terminations (2)  4 curricula (6)  5 pinned"
    await until(lambda: edge(app).startswith(pages), "the number of charts")


async def test_before_the_first_iteration_the_charts_are_there_and_say_that_they_have_no_data(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk", before_the_first_iteration("g1-walk", 5)))
    async with app.run_test(size=(120, 40)):
        await until(lambda: titles(app)[:2] == ["reward", "success rate"], "the charts")
        await until(lambda: "no data yet" in str(lines_of(charts(app)[0].picture)), "what they say")


@pytest.mark.parametrize(
    ("key", "some"),
    [
        ("2", ["air_time ×0", "track_angular_velocity ×2→3"]),
        ("3", ["fell_over", "time_out"]),
        ("4", ["velocity level", "twist/error_vel_xy"]),
        ("6", ["Policy/explained_variance"]),
    ],
)
async def test_digits_show_pages(shown, key, some):
    app, pilot = shown
    await pilot.resize_terminal(250, 70)
    await pilot.press(key)

    def without_units():
        return {title.partition(",")[0] for title in titles(app)}

    await until(lambda: set(some) <= without_units(), f"the charts of page {key}, not {titles(app)}")
    assert all(chart.description.curves[0].series.count for chart in charts(app))


async def test_widgets_are_used_again_by_other_pages_and_none_too_many_is_drawn(shown):
    app, pilot = shown
    before = [*app.screen.query(Chart)]
    await pilot.press("3")
    unit = ", environments per step with resets"
    await until(lambda: titles(app) == [f"fell_over{unit}", f"time_out{unit}"], "the terminations")
    assert [*app.screen.query(Chart)] == before
    assert [chart for chart in before if chart.region.area] == before[:2]


async def test_a_page_without_charts_says_why(shown):
    app, pilot = shown
    await pilot.press("5")
    await pilot.pause()
    assert charts(app) == []
    empty = app.screen.query_one("#empty", Static)
    assert empty.region.area
    assert str(empty.content) == "no pinned charts: f finds a metric, Enter pins it"


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_shares_of_reward_terms_are_stacked_with_a_list_by_contribution(shown, size):
    app, pilot = shown
    await pilot.resize_terminal(*size)
    await pilot.press("7")
    await until(lambda: board(app).page.title == "shares" and charts(app) and charts(app)[0].plot, "the page")
    (chart,) = charts(app)
    text = [chart.render_line(row).text.rstrip() for row in range(chart.size.height)]
    assert text[0].strip() == "share of the reward, %"
    listed = [line.split()[-2:] for line in text if "%" in line][1:]
    assert [share for share, _ in listed[:4]] == ["33%", "27%", "16%", "13%"]
    assert listed[2][1] == "upright"
    await focus_charts(app, pilot)
    await pilot.press("L")
    await until(lambda: told(app), "that shares have no logarithms")
    assert not chart.description.view.log_y


async def test_shares_take_no_other_metrics(shown):
    app, pilot = shown
    await pilot.press("7")
    await until(lambda: board(app).page.title == "shares" and charts(app), "the page")
    await focus_charts(app, pilot)
    before = board(app).page.plans
    await find(app, pilot, "lossvalue")
    await pilot.press("ctrl+t")
    await until(lambda: told(app) == ["a stacked chart takes no other metrics: choose another chart first"], "why not")
    assert board(app).page.plans == before


async def test_a_page_that_there_is_not_is_told(shown):
    app, pilot = shown
    await pilot.press("8")
    await until(lambda: told(app) == ["there are 7 pages of charts"], "the news")
    assert board(app).page.title == "overview"


async def test_a_click_on_a_page_s_name_shows_it(shown):
    app, pilot = shown
    await pilot.click(BoardHeader, offset=(edge(app).index("2 rewards") + 3, 0))
    await until(lambda: board(app).page.title == "rewards", "the page")


async def test_digits_typed_into_a_filter_stay_there(shown):
    app, _ = shown
    type_at_once(app, "slash", "2", "f")
    await until(lambda: app.screen.query_one(KnobPanel).query_one(Input).value == "2f", "the letters")
    assert board(app).page.title == "overview"
    assert isinstance(app.screen, DashboardScreen)


async def test_zooming_keeps_all_charts_together_and_0_shows_all_again(shown):
    app, pilot = shown
    await pilot.press("z")
    (view,) = views(app)
    assert view.follow is not None
    assert "iteration: last " in edge(app)
    await pilot.press("z", "Z", "Z")
    (view,) = views(app)
    assert view.shows_all
    await pilot.press("z", "0")
    (view,) = views(app)
    assert view.shows_all
    assert "iteration: all" in edge(app)


async def test_shift_and_arrows_pan_while_the_charts_are_focused(shown):
    app, pilot = shown
    await pilot.press("z")
    await focus_charts(app, pilot)
    await pilot.press("shift+left")
    (view,) = views(app)
    assert view.range is not None
    assert view.range[1] < LAST
    await pilot.press("end")
    assert board(app).view.follow is not None
    await pilot.press("home")
    assert board(app).view.shows_all


async def test_smoothing_has_steps_and_is_told(shown):
    app, pilot = shown
    await pilot.press("greater_than_sign")
    assert edge(app).rstrip().endswith("smooth 0.8")
    await pilot.press("less_than_sign", "less_than_sign", "less_than_sign", "less_than_sign", "less_than_sign")
    (view,) = views(app)
    assert view.smoothing == 0
    assert "smooth" not in edge(app)


async def test_the_x_axis_counts_iterations_steps_or_time(shown):
    app, pilot = shown
    await pilot.press("X")
    assert board(app).view.unit == "steps"
    assert "steps: all" in edge(app)
    await pilot.press("X")
    assert board(app).view.unit == "time"
    await pilot.press("X")
    assert board(app).view.unit == "iteration"


def logarithmic(app):
    return [chart.description.title for chart in charts(app) if chart.description.view.log_y]


async def test_l_is_for_the_chosen_chart(shown):
    app, pilot = shown
    await focus_charts(app, pilot)
    await pilot.press("L")
    assert logarithmic(app) == ["reward", "learning rate"]  # the latter by default
    assert edge(app).rstrip().endswith("log y")
    await pilot.press("L")
    assert logarithmic(app) == ["learning rate"]


async def test_l_is_for_all_charts_with_logarithms_while_the_charts_are_not_focused(shown):
    app, pilot = shown
    await pilot.press("L")
    assert logarithmic(app) == [
        *("reward", "KL", "episode length", "value loss", "action std", "learning rate"),
    ]
    await pilot.press("L")
    assert logarithmic(app) == []


# --- several runs ---


def run(name, values, marks=()):
    history = MetricHistory()
    history.series["Train/mean_reward"].extend(range(len(values)), values)
    history.timeline.extend(range(len(values)), range(0, 10 * len(values), 10), range(len(values)))
    return ChartSource(name, history, marks)


async def test_several_runs_are_curves_of_one_chart_with_marks_of_their_own(shown):
    app, pilot = shown
    runs = [run("walk", [1.0, 2.0], [Mark(1, "#1")]), run("[b]run", [3.0, 4.0, 5.0], [Mark(2, "#7")])]
    board(app).set_sources(runs)
    board(app).show(RunState())
    await pilot.pause()
    description = charts(app)[0].description
    assert [curve.name for curve in description.curves] == ["", ""]  # the line above the charts names them
    assert [[mark.label for mark in of_run.marks] for of_run in description.marks] == [["●#1"], ["■#7"]]
    legend = app.screen.query_one(RunLegend)
    assert legend.region.area
    assert str(legend.content).replace("\u2800", " ") == "● walk   ■ [b]run"
    assert description.extent == (0.0, 2.0)
    await focus_charts(app, pilot)
    await pilot.press("enter")
    assert [curve.name for curve in charts(app)[0].description.curves] == ["walk", "[b]run"]
