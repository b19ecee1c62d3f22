"""The program ends, or goes to another screen, while a screen mounts: what its widgets look for is not there."""

from __future__ import annotations

import pytest
import textual.widget

from tests.tui.conftest import RUN_TEST
from tests.tui.screens.recorded import make_run, until
from tui.app import HumanoidTui
from tui.navigation import OpenRun, ShowCompare, ShowLaunch, ShowRuns
from tui.screens.launch.screen import LaunchScreen


@pytest.fixture
def at_compose(monkeypatch):
    """Have `act(app)` called right before a widget of the class with this name has children."""

    def at_compose(name, act):
        compose, seen = textual.widget.compose, []

        def watched(node, *arguments):
            if type(node).__name__ == name and not seen:
                seen.append(node)
                act(node.app)
            return compose(node, *arguments)

        monkeypatch.setattr("textual.widget.compose", watched)
        return seen

    return at_compose


@pytest.mark.parametrize("widget", ["DashboardScreen", "ChartBoard", "KnobPanel", "RunsScreen", "LaunchScreen"])
async def test_the_program_can_end_while_a_widget_mounts(widget, tmp_path, at_compose):
    folder = make_run(tmp_path, "cartpole")
    screens = {"RunsScreen": ShowRuns(), "LaunchScreen": ShowLaunch()}
    app = HumanoidTui(tmp_path)
    seen = at_compose(widget, lambda app: app.exit())
    async with RUN_TEST(app):  # raises what the program has raised
        app.go_to(screens.get(widget, OpenRun(folder)))
        await until(lambda: seen and not app.is_running, "the end")
    assert app.return_code == 0


@pytest.mark.parametrize("widget", ["ChartBoard", "CompareScreen"])
async def test_another_screen_can_be_shown_while_a_widget_mounts(widget, tmp_path, at_compose):
    folder = make_run(tmp_path, "cartpole")
    app = HumanoidTui(tmp_path)
    seen = at_compose(widget, lambda app: app.go_to(ShowLaunch()))
    async with RUN_TEST(app):
        app.go_to(ShowCompare([folder]) if widget == "CompareScreen" else OpenRun(folder))
        await until(lambda: seen and isinstance(app.screen, LaunchScreen), "the launch screen")
        app.exit()
