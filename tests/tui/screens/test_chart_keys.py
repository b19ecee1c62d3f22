"""Choosing charts, the crosshair, one chart alone, the mouse, and arranging the board."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tui.screens.chart_parts import (
    FIRST,
    LAST,
    area,
    board,
    charts,
    edge,
    focus_charts,
    is_filled,
    titles,
    views,
)
from tests.tui.screens.recorded import (
    make_run,
    told,
    until,
)
from tui.app import HumanoidTui
from tui.charts.axes import format_value
from tui.screens.dashboard.knob_table import KnobTable
from tui.session.board.layout import BoardLayout, layout_file, read_layout, write_layout

TASK = "Mjlab-Velocity-Flat-Unitree-G1"


def chosen(app):
    plan, _ = area(app).chosen
    return plan.title


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
        assert told(app)[0].startswith(f"the stored layout is ignored: {layout_file(TASK)} ")
        assert len(titles(app)) == 10
