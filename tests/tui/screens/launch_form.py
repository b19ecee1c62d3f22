"""Reads and uses the launch screen as its tests do."""

from __future__ import annotations

from textual.widgets import Input, OptionList, Static

from tests.tui.screens.recorded import until
from tui.screens.dashboard.screen import DashboardScreen
from tui.screens.launch.screen import LaunchScreen


def value(app, field):
    return app.screen.query_one(f"#{field}", Input).value


def problem(app):
    return str(app.screen.query_one("#problem", Static).content)


def description(app):
    return str(app.screen.query_one("#description", Static).content)


def highlighted(app):
    return app.screen.query_one("#presets", OptionList).highlighted_option.id


def choose(app, preset):
    options = app.screen.query_one("#presets", OptionList)
    options.highlighted = options.get_option_index(preset)


async def is_launched(app):
    """The training has been started, and its dashboard is open."""
    await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")


async def is_ready(app):
    """Devices are found, and the preset's values stand in the fields."""
    await until(lambda: isinstance(app.screen, LaunchScreen) and app.screen.query("#iterations"), "the launch screen")
    await until(lambda: value(app, "num-envs") and value(app, "iterations"), "the preset's values")
