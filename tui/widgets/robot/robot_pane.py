"""A pane that plays the states of one robot, or of two in step, with the keys of camera and time."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.timer import Timer

from tui.charts.robot.camera import VIEWS, Camera
from tui.charts.robot.drawing import RobotPainter
from tui.session.robot.history import RobotHistory
from tui.session.robot.playback import Playback
from tui.session.robot.time_line import time_line
from tui.terminal.frame_clock import draw_soon
from tui.widgets.key_table import key
from tui.widgets.robot.robot_view import RobotView, Shown

_FRAME_SECONDS = 0.1
_ORBIT = math.radians(10)
"""Angle of one press of an arrow key."""
_ORBIT_CELL = math.radians(3)
"""Angle of dragging by one column; lines are twice as high."""
_ZOOM = 1.25
_SCRUB_SECONDS = 1.0

ROBOT_KEYS = (
    *("robot.pause", "robot.environment", "robot.back", "robot.step", "robot.slower", "robot.orbit-left"),
    *("robot.zoom-in", "robot.side", "robot.front", "robot.top", "robot.previous-fall"),
)
"""Keys for a footer while a robot has the focus, the most important first."""


@dataclass
class Track:
    """The states of one robot and how they are drawn."""

    history: RobotHistory
    painter: RobotPainter


class RobotPane(Horizontal, can_focus=True):
    """Plays its tracks at the same time; without tracks it shows `text`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("space", "pause", "pause", "Pause, or play on", id="robot.pause"),
        key("comma", "step(-1)", "step back", "Show the previous step", id="robot.step-back", display=","),
        key("full_stop", "step(1)", "step", "Show the next step", id="robot.step", display="."),
        key("left_square_bracket", "scrub(-1)", "back", "Go back by 1 s", id="robot.back", display="["),
        key("right_square_bracket", "scrub(1)", "ahead", "Go ahead by 1 s", id="robot.ahead", display="]"),
        key("left_curly_bracket", "fall(-1)", "fall before",
            "Go to what led to the fall before this moment", id="robot.previous-fall", display="{"),
        key("right_curly_bracket", "fall(1)", "fall after",
            "Go to what led to the next fall", id="robot.next-fall", display="}"),
        key("less_than_sign", "speed(-1)", "slower", "Play at half the speed", id="robot.slower", display="<"),
        key("greater_than_sign", "speed(1)", "faster",
            "Play at twice the speed, up to real time", id="robot.faster", display=">"),
        key("home", "oldest", "oldest", "Go to the oldest recorded step", id="robot.oldest"),
        key("end", "newest", "newest", "Go to the newest step, and follow a training", id="robot.newest"),
        key("left", "orbit(-1, 0)", "orbit left", "Move the camera to the left", id="robot.orbit-left"),
        key("right", "orbit(1, 0)", "orbit right", "Move the camera to the right", id="robot.orbit-right"),
        key("up", "orbit(0, 1)", "orbit up", "Raise the camera", id="robot.orbit-up"),
        key("down", "orbit(0, -1)", "orbit down", "Lower the camera", id="robot.orbit-down"),
        key("plus,equals_sign", "zoom(1)", "zoom in", "Show the robot larger", id="robot.zoom-in", display="+"),
        key("minus", "zoom(-1)", "zoom out", "Show the robot smaller", id="robot.zoom-out", display="-"),
        key("1", "look('front')", "front", "Look at the robot from the front", id="robot.front"),
        key("3", "look('side')", "side", "Look at the robot from its right side", id="robot.side"),
        key("7", "look('top')", "top", "Look at the robot from above", id="robot.top"),
        key("0", "look('default')", "reset camera", "Reset the camera", id="robot.reset"),
        key("5", "turn", "turn camera",
            "Turn the camera with the robot, or keep its direction", id="robot.turn"),
    ]  # fmt: skip
    DEFAULT_CSS = """
    RobotPane { width: 1fr; height: 1fr; }
    RobotPane RobotView.-titled { border: round $foreground 30%; }
    RobotPane:focus RobotView.-titled { border: round $border; }
    """

    def __init__(self, *, is_live: bool, views: int = 1, patterns: bool, id: str | None = None) -> None:
        """Make room for as many robots as there are `views`; see `RobotView` for `patterns`."""
        super().__init__(id=id)
        self.tracks: Sequence[Track] = ()
        self.playback = Playback(RobotHistory(1.0), is_live=is_live)
        self.camera = Camera()
        self.turns = True
        self.text = ""
        self._is_live = is_live
        self._views = [RobotView(patterns=patterns) for _ in range(views)]
        self._timer: Timer | None = None
        self._drawn: object = None

    def compose(self) -> ComposeResult:
        yield from self._views

    def set_tracks(self, tracks: Sequence[Track]) -> None:
        """Play these, one for each view; the longest gives the time line."""
        self.tracks = tracks
        longest = max((track.history for track in tracks), key=lambda history: history.last)
        self.playback = Playback(longest, is_live=self._is_live)
        self.draw_now()

    def set_titles(self, titles: Sequence[str]) -> None:
        """Give each view a border with its title."""
        for view, title in zip(self._views, titles, strict=True):
            view.add_class("-titled")
            view.border_title = Content(title)

    def on_show(self) -> None:
        """Play."""
        if self._timer is None:
            self._timer = self.set_interval(_FRAME_SECONDS, self.advance)
        self._drawn = None

    def on_hide(self) -> None:
        """Stop playing."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def advance(self) -> None:
        """Play on, and draw if that shows another state."""
        self.playback.tick(time.monotonic())
        if self._state_shown() != self._drawn:
            draw_soon(self, self._draw)

    def draw_now(self) -> None:
        """Draw a change by the user without waiting for a frame."""
        if self.is_mounted:
            draw_soon(self, self._draw, urgent=True)

    def _state_shown(self) -> object:
        playback = self.playback
        return (
            *(playback.index, playback.mode, playback.speed, round(playback.behind, 1), len(playback.history)),
            *(self.camera, self.turns, self.text),
        )

    def _draw(self) -> int:
        """Draw all views; return an estimate of the bytes that the terminal will be sent."""
        if not self.is_attached or not self.display:
            return 0
        self._drawn = self._state_shown()
        if self.text or not self.tracks:
            return sum(view.show_text(self.text) for view in self._views)
        return sum(
            view.show(track.painter, self._shown(track, view.size.width))
            for view, track in zip(self._views, self.tracks, strict=False)
        )

    def _shown(self, track: Track, width: int) -> Shown:
        history, playback = track.history, self.playback
        index = playback.index if history is playback.history else history.index_at(playback.position)
        is_moving = playback.mode in ("live", "playing")
        return Shown(history, index, self.camera, self.turns, time_line(playback, width), is_moving)

    def on_resize(self, event: events.Resize) -> None:
        self.draw_now()

    # --- time ---

    def action_pause(self) -> None:
        self.playback.toggle_pause()
        self.draw_now()

    def action_step(self, by: int) -> None:
        self.playback.step(by)
        self.draw_now()

    def action_scrub(self, direction: int) -> None:
        self.playback.scrub(direction * _SCRUB_SECONDS)
        self.draw_now()

    def action_fall(self, direction: int) -> None:
        """Go to the moments before a fall."""
        if not self.playback.go_to_fall(direction):
            where = "before" if direction < 0 else "after"
            self.notify(f"no fall {where} this moment in the recorded seconds", markup=False)
        self.draw_now()

    def action_speed(self, by: int) -> None:
        self.playback.change_speed(by)
        self.draw_now()

    def action_oldest(self) -> None:
        self.playback.go_to(self.playback.history.first)
        self.draw_now()

    def action_newest(self) -> None:
        self.playback.go_live()
        self.draw_now()

    # --- camera ---

    def action_orbit(self, across: int, up: int) -> None:
        """Move the camera around the robot."""
        self._see(self.camera.orbited(across * _ORBIT, up * _ORBIT))

    def action_zoom(self, direction: int) -> None:
        """Zoom in (1) or out (-1)."""
        self._see(self.camera.zoomed(_ZOOM**direction))

    def action_look(self, name: str) -> None:
        """Choose a direction; the zoom stays, except in the default one."""
        view = VIEWS[name]
        self._see(view if name == "default" else Camera(view.azimuth, view.elevation, self.camera.zoom))

    def action_turn(self) -> None:
        """Turn the camera with the robot, or keep its direction."""
        self.turns = not self.turns
        self.draw_now()

    @on(RobotView.Orbited)
    def _orbit(self, message: RobotView.Orbited) -> None:
        message.stop()
        self._see(self.camera.orbited(-message.columns * _ORBIT_CELL, message.lines * 2 * _ORBIT_CELL))

    @on(RobotView.Zoomed)
    def _zoom(self, message: RobotView.Zoomed) -> None:
        message.stop()
        self.action_zoom(message.direction)

    def _see(self, camera: Camera) -> None:
        self.camera = camera
        self.draw_now()
