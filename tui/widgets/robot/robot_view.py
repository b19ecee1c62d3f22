"""The picture of a robot with its readout, as a widget; only cells that changed are repainted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.message import Message
from textual.strip import Strip

from tui.charts.canvas import CellGrid
from tui.charts.robot.camera import Camera
from tui.charts.robot.drawing import RobotPainter
from tui.charts.robot.focus import FOCUS_SECONDS, focus_of
from tui.charts.robot.styles import LEVELS, PARTS, ROBOT_STYLES
from tui.charts.robot.view import paint_readout, paint_text, paint_view
from tui.session.robot.gait import GAIT_SECONDS
from tui.session.robot.history import RobotHistory
from tui.session.robot.lines import Line
from tui.session.robot.readout import Moment
from tui.widgets.cell_picture import CellPicture

_FRAMES_A_READOUT = 5
"""Numbers that change faster can't be read, and cost bytes."""
_HUES = {"body": "$foreground", "left": "$series-1", "right": "$series-2"}
_OPACITY = dict(zip(range(1, LEVELS + 1), (45, 62, 80, 100), strict=True))
"""Percent, by level of light."""
_SHADES = "\n".join(
    f"    RobotView > .robot--{part}-{level} {{ color: {_HUES[part]} {share}%; }}"
    for part in PARTS
    for level, share in _OPACITY.items()
)


@dataclass(frozen=True)
class Shown:
    """What a view draws, see `paint_view`."""

    history: RobotHistory
    index: int
    camera: Camera
    turns: bool
    """Whether the camera turns with the robot."""
    time_line: Line
    is_moving: bool
    """Whether the next moment comes by itself; the readout is then read less often."""


class RobotView(CellPicture):
    """Draws one moment of one robot, or a line of text while there is none."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"robot--{style}" for style in ROBOT_STYLES}
    MEANINGS = ROBOT_STYLES
    STYLE_CLASS = "robot--"
    NEAR = 4  # braille takes three bytes a cell
    DEFAULT_CSS = f"""
    RobotView {{ width: 1fr; height: 1fr; }}
    RobotView > .robot--label {{ color: $text-muted; }}
    RobotView > .robot--title {{ text-style: bold; }}
    RobotView > .robot--command {{ color: $series-4; }}
    RobotView > .robot--velocity {{ color: $foreground; }}
    RobotView > .robot--contact {{ color: $series-3; }}
    RobotView > .robot--fall {{ color: $text-error; text-style: bold; }}
    RobotView > .robot--gain {{ color: $text-success; }}
    RobotView > .robot--loss {{ color: $text-error; }}
    RobotView > .robot--ground {{ color: $foreground 35%; }}
{_SHADES}
    """

    @dataclass
    class Orbited(Message):
        """The picture was dragged by these cells."""

        columns: int
        lines: int

    @dataclass
    class Zoomed(Message):
        """The wheel was turned: 1 for nearer, -1 for farther."""

        direction: int

    def __init__(self, *, patterns: bool, id: str | None = None) -> None:
        """Draw parts of the robot in colours, or by `patterns` where there are none."""
        super().__init__(id=id)
        self._patterns = patterns
        self._painter: RobotPainter | None = None
        self._shown: Shown | None = None
        self._text = ""
        self._read: tuple[tuple[int, int], CellGrid] | None = None
        """The readout, with the size of the view that it is for."""
        self._since_read = 0
        self._dragged_from: tuple[int, int] | None = None

    def show(self, painter: RobotPainter, shown: Shown) -> int:
        """Draw a moment; return an estimate of the bytes that the terminal will be sent."""
        if painter is not self._painter:
            self._read = None
        self._painter, self._shown, self._text = painter, shown, ""
        return self._update()

    def show_text(self, text: str) -> int:
        """Show one line of text instead."""
        self._painter, self._shown, self._text = None, None, text
        return self._update()

    def render_line(self, y: int) -> Strip:
        if (self.picture.width, self.picture.height) != self.size:
            self.forget_lines(self._painted())
        return super().render_line(y)

    def _update(self) -> int:
        if (self.picture.width, self.picture.height) != self.size:
            self.refresh()
            return self.forget_lines(self._painted())
        return self.repaint_changes(self._painted())

    def _painted(self) -> CellGrid:
        width, height = self.size
        if self._painter is None or self._shown is None or not 0 <= self._shown.index < len(self._shown.history):
            return paint_text(self._text, width, height)
        shown, scene = self._shown, self._painter.scene
        history = shown.history
        recent = [history[index] for index in history.since(shown.index, GAIT_SECONDS)]
        moment = Moment(scene, history[shown.index], recent)
        self._since_read += 1
        is_due = not shown.is_moving or self._since_read >= _FRAMES_A_READOUT
        if self._read is None or self._read[0] != (width, height) or is_due:
            self._read, self._since_read = ((width, height), paint_readout(moment, width, height)), 0
        lately = [history[index] for index in history.since(shown.index, FOCUS_SECONDS)]
        return paint_view(
            self._painter,
            moment,
            shown.camera,
            focus_of(lately, scene, turns=shown.turns),
            width=width,
            height=height,
            time_line=shown.time_line,
            patterns=self._patterns,
            read=self._read[1],
        )

    # --- mouse ---

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if event.button == 1:
            self._dragged_from = (event.screen_x, event.screen_y)
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragged_from is not None:
            columns, lines = event.screen_x - self._dragged_from[0], event.screen_y - self._dragged_from[1]
            if columns or lines:
                self._dragged_from = (event.screen_x, event.screen_y)
                self.post_message(self.Orbited(columns, lines))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        self._dragged_from = None
        self.release_mouse()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Zoomed(1))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Zoomed(-1))
