"""A range as a bar with two handles, moved by keys and by the mouse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from trainer_proc.contract.knob import Knob, number_text
from tui.session.knobs.range import (
    Ends,
    Handle,
    RangeScale,
    dragged_handle,
    ends_of,
    scale_of,
    share_of,
    stepped_handle,
)
from tui.widgets.key_table import key

_FREE: dict[Handle, str] = {"low": "◁", "high": "▷"}
_CHOSEN: dict[Handle, str] = {"low": "◀", "high": "▶"}
"""The handle that keys move is the filled one."""


class RangeBar(Widget, can_focus=True):
    """Shows a range knob's two ends on its scale, its default below; arrows move one handle, Tab goes to the other."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("left", "move(-1)", "handle left", "Move the handle left", id="range.left"),
        key("right", "move(1)", "handle right", "Move the handle right", id="range.right"),
        key("shift+left", "move(-1, True)", "far left", "Move the handle left by a large step", id="range.far-left"),
        key("shift+right", "move(1, True)", "far right", "Move the handle right by a large step", id="range.far-right"),
        key("tab", "next_handle", "other handle", "Select the high handle, then the next field", id="range.next"),
        key("shift+tab", "previous_handle", "other handle",
            "Select the low handle, then the previous field", id="range.previous"),
    ]  # fmt: skip
    DEFAULT_CSS = """
    RangeBar { height: 2; }
    RangeBar:focus { text-style: bold; background: $boost; }
    """

    @dataclass
    class Moved(Message):
        """A handle was moved to new `ends`."""

        ends: Ends

    def __init__(self, knob: Knob, ends: Ends, *, id: str | None = None) -> None:
        """Show `ends` on the scale of `knob`, whose type is range."""
        super().__init__(id=id)
        self._knob = knob
        self._ends = ends
        self._handle: Handle = "low"
        self._dragged_on: RangeScale | None = None

    @property
    def ends(self) -> Ends:
        """Where the handles are."""
        return self._ends

    def put(self, ends: Ends) -> None:
        """Move the handles without a message."""
        self._ends = ends
        self.refresh()

    def action_move(self, by: int, is_big: bool = False) -> None:
        """Move the chosen handle by a small or a big step."""
        self._move_to(stepped_handle(self._knob, self._ends, self._handle, by, is_big))

    def action_next_handle(self) -> None:
        """Select the high handle; from there, focus the next field."""
        self._leave_or_choose("high")

    def action_previous_handle(self) -> None:
        """Select the low handle; from there, focus the previous field."""
        self._leave_or_choose("low")

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take the nearest handle."""
        share = self._share_at(event.x)
        low, high = (abs(share_of(self._scale, end) - share) for end in self._ends)
        is_left = share < share_of(self._scale, self._ends[0])
        self._handle = "low" if low < high or (low == high and is_left) else "high"
        self._dragged_on = self._scale
        self.capture_mouse()
        self._drag(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the handle."""
        if self._dragged_on is not None:
            self._drag(event.x)

    def on_mouse_up(self) -> None:
        """Release the handle."""
        self._dragged_on = None
        self.release_mouse()
        self.refresh()

    def render(self) -> Content:
        """Draw the bar between the ends of its scale, and the default below it."""
        left, width = self._bar_place()
        scale = self._scale
        cells = ["─"] * width
        low, high = (_cell(share_of(scale, end), width) for end in self._ends)
        cells[low : high + 1] = ["━"] * (high - low + 1)
        signs = {handle: (_CHOSEN if self._is_chosen(handle) else _FREE)[handle] for handle in ("low", "high")}
        cells[low] = signs["low"]
        if high > low or self._handle == "high":
            cells[high] = signs["high"]
        bar = f"{number_text(scale.low):>{left - 2}} ├{''.join(cells)}┤ {number_text(scale.high)}"
        return Content(f"{bar}\n{' ' * left}{self._default_line(width)}")

    @property
    def _scale(self) -> RangeScale:
        return self._dragged_on or scale_of(self._knob, self._ends)

    def _default_line(self, width: int) -> str:
        default = ends_of(self._knob.default)
        if default is None:
            return ""
        low, high = (_cell(share_of(self._scale, end), width) for end in default)
        bracket = "╵" if low == high else "╰" + "─" * (high - low - 1) + "╯"
        label = " default"
        return " " * low + bracket + label if high + len(label) < width else f"{'default ':>{low}}"[-low:] + bracket

    def _is_chosen(self, handle: Handle) -> bool:
        return handle == self._handle and self.has_focus

    def _bar_place(self) -> tuple[int, int]:
        """Return where the first cell of the bar is, and how many there are."""
        scale = self._scale
        left = len(number_text(scale.low)) + 2
        return left, max(self.content_size.width - left - len(number_text(scale.high)) - 2, 2)

    def _share_at(self, x: int) -> float:
        left, width = self._bar_place()
        return (x - left) / (width - 1)

    def _drag(self, x: int) -> None:
        assert self._dragged_on is not None
        self._move_to(dragged_handle(self._knob, self._dragged_on, self._ends, self._handle, self._share_at(x)))

    def _move_to(self, ends: Ends) -> None:
        if ends != self._ends:
            self._ends = ends
            self.post_message(self.Moved(ends))
        self.refresh()

    def _leave_or_choose(self, handle: Handle) -> None:
        if self._handle != handle:
            self._handle = handle
            self.refresh()
        elif handle == "high":
            self.screen.focus_next()
        else:
            self.screen.focus_previous()


def _cell(share: float, width: int) -> int:
    return round(share * (width - 1))
