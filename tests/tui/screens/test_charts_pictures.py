"""Snapshots of the board: pages, a zoomed view, a maximised chart and the find dialog."""

from __future__ import annotations

import pytest

from tests.tui.screens.recorded import SMALL, dashboard_is_filled, make_run, until
from tui.app import HumanoidTui
from tui.widgets.board import ChartBoard
from tui.widgets.board.chart_grid import ChartGrid
from tui.widgets.board.find_dialog import FindDialog


@pytest.fixture(autouse=True)
def state_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


async def looked_at(log_root, recording, keys, looks_as_before, focused=False, size=SMALL):
    app = HumanoidTui(log_root, make_run(log_root, recording))
    async with app.run_test(size=size) as pilot:
        await dashboard_is_filled(app)
        board = app.screen.query_one(ChartBoard)
        await until(lambda: any(chart.plot is not None for _, chart in app.screen.query_one(ChartGrid).shown), "charts")
        if focused:
            app.screen.query_one(ChartGrid).focus()
            await pilot.pause()
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        await looks_as_before(pilot)
        return board


async def test_overview_of_a_long_run(log_root, sizes_look_as_before):
    await looked_at(log_root, "g1-gpu", "", sizes_look_as_before)


async def test_reward_terms(log_root, sizes_look_as_before):
    await looked_at(log_root, "g1-levels", "2", sizes_look_as_before)


async def test_terminations(log_root, sizes_look_as_before):
    await looked_at(log_root, "g1-levels", "3", sizes_look_as_before)


async def test_curricula_page(log_root, sizes_look_as_before):
    await looked_at(log_root, "g1-curricula", "4", sizes_look_as_before)


async def test_nothing_pinned(log_root, looks_as_before):
    await looked_at(log_root, "g1-levels", "5", looks_as_before, size=(80, 24))


async def test_shares_of_the_reward(log_root, sizes_look_as_before):
    await looked_at(log_root, "g1-levels", "7", sizes_look_as_before)


async def test_zoomed_with_more_smoothing(log_root, sizes_look_as_before):
    await looked_at(log_root, "g1-levels", ["z", "z", "greater_than_sign", "greater_than_sign"], sizes_look_as_before)


async def test_one_chart_alone_with_the_crosshair(log_root, sizes_look_as_before):
    keys = ["down", "enter", *["left"] * 30]
    await looked_at(log_root, "g1-levels", keys, sizes_look_as_before, focused=True)


async def test_the_crosshair_on_all_charts_without_colour(log_root, monkeypatch, looks_as_before):
    monkeypatch.setenv("NO_COLOR", "1")
    await looked_at(log_root, "g1-levels", ["left"] * 12, looks_as_before, focused=True, size=(120, 40))


async def test_over_time_with_a_logarithmic_axis(log_root, looks_as_before):
    await looked_at(log_root, "g1-levels", ["X", "X", "L"], looks_as_before, size=(120, 40))


async def test_finding_a_metric(log_root, sizes_look_as_before):
    app = HumanoidTui(log_root, make_run(log_root, "g1-levels"))
    async with app.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(app)
        await until(lambda: app.screen.query_one(ChartBoard).page.plans, "the board")
        await pilot.press("f")
        await until(lambda: isinstance(app.screen, FindDialog) and app.screen.query("Field"), "the dialog")
        await pilot.press(*"loss", "tab", "down")
        await sizes_look_as_before(pilot)
