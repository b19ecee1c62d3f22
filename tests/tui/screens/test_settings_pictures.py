"""What the help, the palette, the export dialog and the themes look like."""

import pytest
from textual.widgets import Input, Static

from tests.tui.screens.launch_form import is_ready
from tests.tui.screens.recorded import SMALL, dashboard_is_filled, make_run, until
from tests.tui.screens.test_settings_screens import palette_offers
from tui.app import HumanoidTui
from tui.screens.dashboard.log_view import LogViewer
from tui.session.settings.config import config_file
from tui.widgets.board import ChartBoard


@pytest.fixture
def run(log_root):
    return make_run(log_root, "g1-curricula")


async def is_filled(app):
    """The dashboard has everything, at its place."""
    await dashboard_is_filled(app)
    await until(lambda: app.screen.query_one(ChartBoard).metrics, "the charts")
    await until(lambda: app.screen.query_one(LogViewer).is_vertical_scroll_end, "the end of the log")


def choose_theme(name):
    config_file().parent.mkdir(parents=True)
    config_file().write_text(f'[appearance]\ntheme = "{name}"\n')


async def test_help(log_root, run, sizes_look_as_before):
    app = HumanoidTui(log_root, run)
    async with app.run_test(size=SMALL) as pilot:
        await is_filled(app)
        await pilot.press("question_mark")
        await until(lambda: app.screen.query("#text") and app.screen.query_one("#text", Static).content, "the help")
        await sizes_look_as_before(pilot)


async def test_help_that_was_searched(log_root, looks_as_before):
    app = HumanoidTui(log_root)
    async with app.run_test(size=(80, 24)) as pilot:
        await is_ready(app)
        await pilot.press("f1", *"symbol")
        await until(lambda: app.screen.query("#text") and app.screen.query_one("#text", Static).content, "the help")
        await looks_as_before(pilot)


async def test_palette(log_root, run, sizes_look_as_before):
    app = HumanoidTui(log_root, run)
    async with app.run_test(size=SMALL) as pilot:
        await is_filled(app)
        offered = await palette_offers(app, pilot, "theme")
        await until(lambda: len(offered()) >= 4, "the themes")
        await sizes_look_as_before(pilot)


async def test_export_dialog(log_root, run, sizes_look_as_before):
    app = HumanoidTui(log_root, run)
    async with app.run_test(size=SMALL) as pilot:
        await is_filled(app)
        await pilot.press("w")
        await until(lambda: app.screen.query("#file") and app.screen.query_one("#file", Input).value, "the dialog")
        await sizes_look_as_before(pilot)


@pytest.mark.parametrize("theme", ["light", "okabe-ito", "tol"])
async def test_dashboard_in_a_theme(log_root, run, theme, looks_as_before):
    choose_theme(theme)
    app = HumanoidTui(log_root, run)
    async with app.run_test(size=(120, 40)) as pilot:
        await is_filled(app)
        await looks_as_before(pilot)


@pytest.mark.parametrize("theme", ["light", "okabe-ito", "tol"])
async def test_launch_in_a_theme(log_root, theme, looks_as_before):
    choose_theme(theme)
    app = HumanoidTui(log_root)
    async with app.run_test(size=(80, 24)) as pilot:
        await is_ready(app)
        await looks_as_before(pilot)


async def test_launch_without_colour(no_colour, log_root, sizes_look_as_before):
    app = HumanoidTui(log_root)
    async with app.run_test(size=SMALL) as pilot:
        await is_ready(app)
        await sizes_look_as_before(pilot)


async def test_dashboard_without_colour(no_colour, log_root, run, sizes_look_as_before):
    app = HumanoidTui(log_root, run)
    async with app.run_test(size=SMALL) as pilot:
        await is_filled(app)
        await sizes_look_as_before(pilot)


async def test_help_without_colour(no_colour, log_root, run, sizes_look_as_before):
    app = HumanoidTui(log_root, run)
    async with app.run_test(size=SMALL) as pilot:
        await is_filled(app)
        await pilot.press("question_mark")
        await until(lambda: app.screen.query("#text") and app.screen.query_one("#text", Static).content, "the help")
        await sizes_look_as_before(pilot)


async def test_dashboard_on_a_terminal_with_sixteen_colours(monkeypatch, log_root, run, looks_as_before):
    monkeypatch.setenv("TERM", "xterm")
    app = HumanoidTui(log_root, run)
    async with app.run_test(size=(120, 40)) as pilot:
        await is_filled(app)
        await looks_as_before(pilot)
