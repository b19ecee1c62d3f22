"""Reads and uses the board of charts as its tests do."""

from __future__ import annotations

from dataclasses import replace

from textual.widgets import OptionList

from tests.tui.screens.recorded import (
    dashboard_is_filled,
    until,
)
from tui.widgets.board import ChartBoard
from tui.widgets.board.board_header import BoardHeader
from tui.widgets.board.chart_grid import ChartGrid
from tui.widgets.board.find_dialog import FindDialog

FIRST, LAST = 934, 1454


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


async def focus_charts(app, pilot):
    area(app).focus()
    await pilot.pause()


def views(app):
    return {replace(chart.description.view, log_y=False) for chart in charts(app)}


async def find(app, pilot, letters):
    await pilot.press("f")
    await until(lambda: isinstance(app.screen, FindDialog) and app.screen.query(OptionList), "the dialog")
    await pilot.press(*letters)
    await until(lambda: app.screen.pattern == letters, "the letters")
    await pilot.pause()
