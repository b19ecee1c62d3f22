"""Keys of a board while its charts have focus."""

from __future__ import annotations

from textual.binding import Binding, BindingType


def _key(key: str, action: str, description: str, name: str, tooltip: str, shown: str | None = None) -> Binding:
    return Binding(key, action, description, show=False, key_display=shown, id=f"charts.{name}", tooltip=tooltip)


BOARD_KEYS: list[BindingType] = [
    _key("up", "step(-1)", "the chart above", "above", "Choose the chart above"),
    _key("down", "step(1)", "the chart below", "below", "Choose the chart below"),
    _key("left", "crosshair(-1)", "crosshair left", "crosshair-left", "Move the crosshair of all charts left"),
    _key("right", "crosshair(1)", "crosshair right", "crosshair-right", "Move the crosshair of all charts right"),
    _key("shift+left", "pan(-1)", "pan left", "pan-left", "Pan to earlier iterations"),
    _key("shift+right", "pan(1)", "pan right", "pan-right", "Pan to later iterations"),
    _key("enter", "maximise", "maximise", "maximise", "Maximise the chosen chart, or restore it"),
    _key("escape", "back", "back", "back", "Show all charts again; then remove the crosshair"),
    _key("home", "whole", "all data", "whole", "Show all iterations"),
    _key("end", "follow", "follow", "follow", "Follow the newest data"),
    _key(
        "comma",
        "move_chart(-1)",
        "chart earlier",
        "move-earlier",
        "Move the chosen chart up the page",
        ",",
    ),
    _key(
        "full_stop",
        "move_chart(1)",
        "chart later",
        "move-later",
        "Move the chosen chart down the page",
        ".",
    ),
    _key("left_parenthesis", "columns(-1)", "fewer columns", "fewer-columns", "Fewer charts side by side", "("),
    _key(
        *("right_parenthesis", "columns(1)", "more columns", "more-columns"),
        *("More charts side by side; beyond the most that fit, automatic", ")"),
    ),
    _key("pageup", "scroll(-1)", "scroll up", "scroll-up", "Scroll the charts up"),
    _key("pagedown", "scroll(1)", "scroll down", "scroll-down", "Scroll the charts down"),
]
