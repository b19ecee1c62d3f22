"""The keys of a board whose charts are focused."""

from __future__ import annotations

from textual.binding import Binding, BindingType


def _key(key: str, action: str, description: str, name: str, tooltip: str, shown: str | None = None) -> Binding:
    return Binding(key, action, description, show=False, key_display=shown, id=f"charts.{name}", tooltip=tooltip)


BOARD_KEYS: list[BindingType] = [
    _key("up", "step(-1)", "the chart above", "above", "Choose the chart above"),
    _key("down", "step(1)", "the chart below", "below", "Choose the chart below"),
    _key("left", "crosshair(-1)", "crosshair left", "crosshair-left", "Move the crosshair of all charts to the left"),
    _key(
        "right", "crosshair(1)", "crosshair right", "crosshair-right", "Move the crosshair of all charts to the right"
    ),
    _key("shift+left", "pan(-1)", "pan left", "pan-left", "Look at what was before"),
    _key("shift+right", "pan(1)", "pan right", "pan-right", "Look at what came after"),
    _key("enter", "maximise", "maximise", "maximise", "Give the chosen chart all the room, or take it back"),
    _key("escape", "back", "back", "back", "All charts again; then without the crosshair"),
    _key("home", "whole", "all data", "whole", "Show all iterations"),
    _key("end", "follow", "follow", "follow", "Follow the newest data"),
    _key("comma", "move_chart(-1)", "chart earlier", "move-earlier", "Move the chosen chart towards the start", ","),
    _key("full_stop", "move_chart(1)", "chart later", "move-later", "Move the chosen chart towards the end", "."),
    _key("left_parenthesis", "columns(-1)", "fewer columns", "fewer-columns", "Fewer charts side by side", "("),
    _key(
        *("right_parenthesis", "columns(1)", "more columns", "more-columns"),
        *("More charts side by side; beyond the most, as many as suit", ")"),
    ),
    _key("pageup", "scroll(-1)", "scroll up", "scroll-up", "Scroll the charts up"),
    _key("pagedown", "scroll(1)", "scroll down", "scroll-down", "Scroll the charts down"),
]
