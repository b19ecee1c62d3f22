"""Finding metrics and pinning them to the board."""

from __future__ import annotations

from textual.widgets import Input, OptionList

from tests.tui.screens.chart_parts import (
    board,
    charts,
    edge,
    find,
    titles,
)
from tests.tui.screens.recorded import (
    told,
    type_at_once,
    until,
)
from tui.screens.dashboard.screen import DashboardScreen
from tui.widgets.board.find_dialog import FindDialog
from tui.widgets.chart import Chart


def matches(app):
    return [str(option.prompt).split("\xa0")[-1].split()[0] for option in app.screen.query_one(OptionList).options]


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
