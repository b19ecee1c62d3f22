"""What the tree of knobs, the editors and the impact look like in a small, a common and a large terminal."""

import pytest
from textual.widgets import Input

from tests.tui.screens.recorded import SMALL, dashboard_is_filled, make_run, until
from tui.app import HumanoidTui
from tui.screens.dashboard.impact_dialog import ImpactDialog
from tui.screens.dashboard.knob_dialog import KnobDialog
from tui.screens.dashboard.knob_line import KnobLine
from tui.screens.dashboard.knob_table import KnobTable

WEIGHT, PUSH = "reward/track_angular_velocity/weight", "event/push_robot/velocity_range/x"


@pytest.fixture
def g1(log_root):
    """A G1 whose success was broken by a level that was set too high."""
    return HumanoidTui(log_root, make_run(log_root, "g1-levels"))


def go_to(app, name):
    table = app.screen.query_one(KnobTable)
    table.move_cursor(row=[row.key for row in table.shown].index(name))


async def test_a_knob_edited_in_its_row(g1, sizes_look_as_before):
    async with g1.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(g1)
        go_to(g1, WEIGHT)
        await pilot.press("enter", "4")
        await until(lambda: g1.screen.query_one(KnobLine).knob_name == WEIGHT, "the editor")
        await sizes_look_as_before(pilot)


async def test_a_value_in_the_row_that_the_trainer_would_refuse(g1, looks_as_before):
    async with g1.run_test(size=(80, 24)) as pilot:
        await dashboard_is_filled(g1)
        go_to(g1, PUSH)
        await pilot.press("enter", *"1:-1")
        await until(lambda: g1.screen.query_one("#line-verdict").has_class("problem"), "the reason")
        await looks_as_before(pilot)


async def test_kinds_folded(g1, sizes_look_as_before):
    async with g1.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(g1)
        await pilot.press("shift+left")
        await until(lambda: g1.screen.query_one(KnobTable).row_count < 10, "the headings")
        await sizes_look_as_before(pilot)


async def test_a_range_with_two_handles(g1, sizes_look_as_before):
    async with g1.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(g1)
        go_to(g1, PUSH)
        await pilot.press("enter", "tab")
        await until(lambda: isinstance(g1.screen, KnobDialog) and g1.screen.query("#verdict"), "the dialog")
        await pilot.press("shift+tab", "shift+left")
        await until(lambda: g1.screen.query_one("#value", Input).value == "-1", "the handle")
        await sizes_look_as_before(pilot)


async def test_impact_of_a_change_that_broke_success(g1, sizes_look_as_before):
    async with g1.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(g1)
        await pilot.press("b", *["left"] * 5)
        await until(lambda: isinstance(g1.screen, ImpactDialog) and g1.screen.query("#windows"), "the dialog")
        await until(lambda: "1226–1275" in str(g1.screen.query_one("#windows").content), "intervention 4")
        await sizes_look_as_before(pilot)
