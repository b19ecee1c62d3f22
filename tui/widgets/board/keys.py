"""Keys of a board while its charts have focus."""

from __future__ import annotations

from textual.binding import BindingType

from tui.widgets.key_table import key

BOARD_KEYS: list[BindingType] = [
    key("up", "step(-1)", "previous chart", "Choose the chart above", id="charts.above"),
    key("down", "step(1)", "next chart", "Choose the chart below", id="charts.below"),
    key("left", "crosshair(-1)", "crosshair left", "Move the crosshair of all charts left", id="charts.crosshair-left"),
    key("right", "crosshair(1)", "crosshair right",
        "Move the crosshair of all charts right", id="charts.crosshair-right"),
    key("shift+left", "pan(-1)", "pan left", "Pan to earlier iterations", id="charts.pan-left"),
    key("shift+right", "pan(1)", "pan right", "Pan to later iterations", id="charts.pan-right"),
    key("enter", "maximise", "maximise", "Maximise the chosen chart, or restore it", id="charts.maximise"),
    key("escape", "back", "back", "Show all charts again; then remove the crosshair", id="charts.back"),
    key("home", "whole", "all data", "Show all iterations", id="charts.whole"),
    key("end", "follow", "follow", "Follow the newest data", id="charts.follow"),
    key("comma", "move_chart(-1)", "chart earlier",
        "Move the chosen chart up the page", id="charts.move-earlier", display=","),
    key("full_stop", "move_chart(1)", "chart later",
        "Move the chosen chart down the page", id="charts.move-later", display="."),
    key("left_parenthesis", "columns(-1)", "fewer columns",
        "Show fewer charts side by side", id="charts.fewer-columns", display="("),
    key("right_parenthesis", "columns(1)", "more columns",
        "Show more charts side by side; automatic beyond the maximum", id="charts.more-columns", display=")"),
    key("pageup", "scroll(-1)", "scroll up", "Scroll the charts up", id="charts.scroll-up"),
    key("pagedown", "scroll(1)", "scroll down", "Scroll the charts down", id="charts.scroll-down"),
]  # fmt: skip
