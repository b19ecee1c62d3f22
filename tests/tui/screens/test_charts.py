"""Keys and mouse on the board of charts, on the dashboard of a recorded run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from textual.widgets import Input, OptionList, Static

from tests.tui.drawn_chart import lines_of
from tests.tui.screens.recorded import (
    before_the_first_iteration,
    dashboard_is_filled,
    make_run,
    told,
    type_at_once,
    until,
)
from tui.app import HumanoidTui
from tui.charts.axes import format_value
from tui.screens.dashboard.knob_panel import KnobPanel
from tui.screens.dashboard.knob_table import KnobTable
from tui.screens.dashboard.screen import DashboardScreen
from tui.session.board.chart_source import ChartSource
from tui.session.board.layout import BoardLayout, layout_file, read_layout, write_layout
from tui.session.board.plans import board_of
from tui.session.interventions.marks import Mark
from tui.session.metrics.history import MetricHistory
from tui.session.state import RunState
from tui.widgets.board import ChartBoard
from tui.widgets.board.board_header import BoardHeader
from tui.widgets.board.chart_grid import ChartGrid
from tui.widgets.board.find_dialog import FindDialog
from tui.widgets.board.run_legend import RunLegend
from tui.widgets.chart import Chart

FIRST, LAST = 934, 1454
TASK = "Mjlab-Velocity-Flat-Unitree-G1"


@pytest.fixture(autouse=True)
def state_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
async def shown(log_root):
    """The dashboard of a finished run with a curriculum."""
    app = HumanoidTui(log_root, make_run(log_root, "g1-levels"))
    async with app.run_test(size=(120, 40)) as pilot:
        await is_filled(app)
        yield app, pilot


async def is_filled(app):
    await dashboard_is_filled(app)
    await until(lambda: board(app).metrics and len(charts(app)) == len(board(app).page.plans), "the charts")
    await until(lambda: 0 < charts(app)[-1].size.width < area(app).size.width / 2, "the columns")
    await until(lambda: all(map(is_drawn, in_sight(app))) and app.frame_clock.is_idle, "the data")


def in_sight(app):
    """The charts that are not scrolled out of sight."""
    return [chart for chart in charts(app) if area(app).region.contains_region(chart.region)]


def is_drawn(chart):
    """Whether the picture has data and the size that the chart has now."""
    return chart.plot is not None and (chart.picture.width, chart.picture.height) == chart.size


def board(app):
    return app.screen.query_one(ChartBoard)


def area(app):
    return app.screen.query_one(ChartGrid)


def charts(app):
    """The charts that can be seen, in their order."""
    return [chart for _, chart in area(app).shown if chart.region.area]


def titles(app):
    return [chart.description.title for chart in charts(app)]


def edge(app):
    return str(app.screen.query_one(BoardHeader).content)


def chosen(app):
    plan, _ = area(app).chosen
    return plan.title


async def focus_charts(app, pilot):
    area(app).focus()
    await pilot.pause()


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


# --- the view ---


def views(app):
    return {replace(chart.description.view, log_y=False) for chart in charts(app)}


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


# --- choosing, the crosshair, one chart alone ---


@pytest.mark.parametrize("size", [(120, 40), (200, 60)])
async def test_reward_and_success_are_the_largest_charts(shown, size):
    app, pilot = shown
    await pilot.resize_terminal(*size)
    await until(lambda: len(charts(app)) == 10 and charts(app)[-1].region.bottom <= area(app).region.bottom, "all")
    reward, success, *others = charts(app)
    assert reward.size == success.size
    assert reward.region.y == success.region.y
    assert all(reward.size.width >= other.size.width for other in others)
    assert all(reward.size.height > other.size.height for other in others)
    await focus_charts(app, pilot)
    await pilot.press("full_stop", "full_stop")  # the user has moved the reward down the page
    await until(lambda: titles(app)[2] == "reward" and charts(app)[0].size.width > 2 * charts(app)[1].size.width, "it")


async def test_arrows_choose_charts_down_the_columns(shown):
    app, pilot = shown
    await focus_charts(app, pilot)
    seen = [chosen(app)]
    for _ in range(3):
        await pilot.press("down")
        seen.append(chosen(app))
    assert seen == ["reward", "velocity level", "surrogate loss", "KL"]  # four columns
    await pilot.press("up", "up")
    assert chosen(app) == "velocity level"
    assert board(app).chosen_chart is area(app).chosen[1]
    app.screen.query_one(KnobTable).focus()
    await pilot.pause()
    assert board(app).chosen_chart is None


async def test_the_crosshair_is_on_all_charts_and_reads_their_values_out(shown):
    app, pilot = shown
    await focus_charts(app, pilot)
    await pilot.press("left")
    assert {view.crosshair for view in views(app)} == {float(LAST)}
    assert "iteration 1454" in edge(app)
    for _ in range(12):
        await pilot.press("left")
    (crosshair,) = {view.crosshair for view in views(app)}
    assert FIRST < crosshair < LAST
    await pilot.press(*["less_than_sign"] * 3)  # what was measured, then
    reward = area(app).chosen[1]
    series = reward.description.curves[0].series
    row = int(series.rows_from(np.array([int(crosshair)]))[0])
    value = format_value(series.point(row)[1])
    await until(lambda: reward.render_line(0).text.rstrip().endswith(f" {value}"), "the value at the crosshair")
    await pilot.press("escape")
    assert {view.crosshair for view in views(app)} == {None}


async def test_what_was_changed_is_told_where_the_crosshair_is(shown):
    app, pilot = shown
    await focus_charts(app, pilot)
    while board(app).view.crosshair is None or board(app).view.crosshair > 1278:
        await pilot.press("left")
    await until(lambda: edge(app).startswith("▼ #4 curriculum/velocity/level 0 → 2"), "the mark")
    assert edge(app).rstrip().endswith(f"iteration {board(app).view.crosshair:.0f}")


async def test_enter_gives_the_chosen_chart_the_screen_and_escape_takes_it_back(shown):
    app, pilot = shown
    await focus_charts(app, pilot)
    await pilot.press("down", "enter")
    await until(lambda: titles(app) == ["velocity level"] and charts(app)[0].size.width > 110, "the chart alone")
    assert charts(app)[0].size.height > 30
    assert not app.screen.query_one(KnobTable).region.area
    await pilot.press("slash")
    await pilot.pause()
    assert app.focused is area(app)  # there is no table to filter
    await pilot.press("down")
    await until(lambda: titles(app) == ["KL"], "the next chart")
    await pilot.press("escape")
    await until(lambda: len(titles(app)) == 10 and app.screen.query_one(KnobTable).region.area, "all of it")


async def test_a_long_name_is_whole_where_there_is_room(shown):
    app, pilot = shown
    await pilot.resize_terminal(80, 24)
    await pilot.press("6")
    await focus_charts(app, pilot)
    await until(lambda: "…/velocity/episodes" in titles(app) or len(titles(app)) > 3, "the page")
    name = "Policy/critic_gradient_norm"
    area(app).choose([plan.title for plan in board(app).page.plans].index(name))
    await pilot.press("enter")
    await until(lambda: titles(app) == [name], "the whole name")


# --- the mouse ---


def middle(chart):
    plot = chart.plot
    return chart.region.x + plot.left + plot.cells // 2, chart.region.y + plot.top + 1


async def test_the_pointer_shows_the_crosshair_on_all_charts_until_it_leaves(shown):
    app, pilot = shown
    await pilot.hover(offset=middle(charts(app)[0]))
    await until(lambda: None not in {view.crosshair for view in views(app)}, "the crosshair")
    assert len(views(app)) == 1
    assert "iteration 1" in edge(app)
    await pilot.hover(KnobTable)
    await until(lambda: {view.crosshair for view in views(app)} == {None}, "no crosshair")


async def test_a_click_chooses_a_chart_and_leaves_the_crosshair(shown):
    app, pilot = shown
    await pilot.hover(offset=middle(charts(app)[1]))
    await pilot.click(offset=middle(charts(app)[1]))
    await until(lambda: chosen(app) == "success rate" and app.focused is area(app), "the choice")
    await pilot.hover(KnobTable)
    await pilot.pause()
    assert board(app).view.crosshair is not None


async def test_two_clicks_maximise(shown):
    app, pilot = shown
    await pilot.click(offset=middle(charts(app)[3]), times=2)
    await until(lambda: titles(app) == ["KL"], "the chart alone")


# --- arranging ---


async def test_columns_and_order_are_the_person_s_and_are_there_the_next_time(shown, log_root):
    app, pilot = shown
    await focus_charts(app, pilot)
    await pilot.press("left_parenthesis", "full_stop", "greater_than_sign", "X")
    assert [title.partition(",")[0] for title in titles(app)[:2]] == ["success rate", "reward"]
    assert len({chart.region.x for chart in charts(app)[2:]}) == 3
    kept = BoardLayout(columns=3, order={"overview": tuple(plan.key for plan in board(app).page.plans)},
                       smoothing=0.8, x="steps")  # fmt: skip
    await until(lambda: layout_file(TASK).exists() and read_layout(TASK) == kept, "the file")
    again = HumanoidTui(log_root, make_run(log_root, "g1-levels", name="again"))
    async with again.run_test(size=(120, 40)):
        await is_filled(again)
        await until(lambda: titles(again)[1:2] == ["reward"], "the order")
        assert (board(again).view.smoothing, board(again).view.unit) == (0.8, "steps")


async def test_more_columns_than_fit_are_as_many_as_suit(shown):
    app, pilot = shown
    await focus_charts(app, pilot)
    await pilot.press("right_parenthesis")
    await until(lambda: layout_file(TASK).exists(), "the file")
    assert read_layout(TASK).columns == 0


async def test_a_broken_layout_is_told_in_one_line_and_ignored(log_root):
    write_layout(TASK, BoardLayout())
    layout_file(TASK).write_text("columns = [")
    app = HumanoidTui(log_root, make_run(log_root, "g1-levels"))
    async with app.run_test(size=(120, 40)):
        await is_filled(app)
        await until(lambda: len(told(app)) == 1, "the problem")
        assert told(app)[0].startswith(f"the layout in {layout_file(TASK)} is ignored: ")
        assert len(titles(app)) == 10


# --- finding metrics ---


def matches(app):
    return [str(option.prompt).split("\xa0")[-1].split()[0] for option in app.screen.query_one(OptionList).options]


async def find(app, pilot, letters):
    await pilot.press("f")
    await until(lambda: isinstance(app.screen, FindDialog) and app.screen.query(OptionList), "the dialog")
    await pilot.press(*letters)
    await until(lambda: app.screen.pattern == letters, "the letters")
    await pilot.pause()


async def test_a_found_metric_is_pinned_and_unpinned(shown):
    app, pilot = shown
    await find(app, pilot, "clipfr")
    assert matches(app) == ["Policy/clip_fraction"]
    assert app.screen.query_one(Chart).description.title == "Policy/clip_fraction"
    await pilot.press("enter")
    await until(lambda: isinstance(app.screen, DashboardScreen) and titles(app) == ["Policy/clip_fraction"], "the pin")
    assert board(app).page.title == "pinned"
    await pilot.resize_terminal(148, 40)
    await until(lambda: "5 pinned (1)" in edge(app), "their number")
    await find(app, pilot, "clipfr")
    assert "pinned" in str(app.screen.query_one(OptionList).options[0].prompt)
    await pilot.press("enter")
    await until(lambda: isinstance(app.screen, DashboardScreen) and not board(app).page.plans, "no pin")


async def test_several_marked_metrics_are_pinned_on_one_chart(shown):
    app, pilot = shown
    await find(app, pilot, "gradient")
    await pilot.press("tab", "tab", "enter")
    names = ("Policy/actor_gradient_norm", "Policy/critic_gradient_norm")
    await until(lambda: isinstance(app.screen, DashboardScreen) and len(titles(app)) == 1, "the chart")
    assert [plan.metrics for plan in board(app).page.plans] == [names]
    assert [curve.name for curve in charts(app)[0].description.curves] == [
        "actor_gradient_norm",
        "critic_gradient_norm",
    ]


async def test_a_metric_is_put_on_the_chosen_chart_and_taken_off_again(shown):
    app, pilot = shown
    for count in (2, 1):
        await find(app, pilot, "clipfr")
        await pilot.press("ctrl+t")
        await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
        await until(lambda count=count: len(charts(app)[0].description.curves) == count, f"{count} curves")
    assert board(app).page.title == "overview"


async def test_all_that_matches_is_a_page(shown):
    app, pilot = shown
    await find(app, pilot, "norm")
    await pilot.press("ctrl+o")
    await until(lambda: isinstance(app.screen, DashboardScreen) and board(app).page.title == "search", "the page")
    assert "Policy/actor_gradient_norm" in [plan.title for plan in board(app).page.plans]


async def test_letters_typed_right_behind_f_are_looked_for(shown):
    app, pilot = shown
    type_at_once(app, "f", *"xkl")
    await until(lambda: isinstance(app.screen, FindDialog) and app.screen.query(Input), "the dialog")
    await until(lambda: app.screen.pattern == "xkl", "the letters")
    await pilot.press("escape")
    await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
    assert told(app) == []  # x stops no training


async def test_nothing_that_matches_is_nothing_to_pin(shown):
    app, pilot = shown
    await find(app, pilot, "qqqq")
    await pilot.press("enter", "tab", "down")
    await pilot.pause()
    assert isinstance(app.screen, FindDialog)
    assert matches(app) == []


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
