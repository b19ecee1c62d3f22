"""The pane that watches an environment of a running training. It costs the training nothing while hidden."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import ClassVar

from textual import events, on, work
from textual.binding import BindingType
from textual.message import Message

from trainer_proc.contract.robot import Scene, Selection
from tui.charts.robot.drawing import NO_ROBOT, RobotPainter
from tui.session.robot.choices import title_of
from tui.session.robot.history import RobotHistory
from tui.session.robot.source import RobotSource
from tui.session.text import plain
from tui.terminal.partial_repaint import PartialRepaintScreen
from tui.widgets.diff_text import set_titles
from tui.widgets.key_table import key
from tui.widgets.robot.choose_environment import ChooseEnvironment
from tui.widgets.robot.robot_pane import RobotPane, Track
from tui.widgets.shown_keys import key_of

_WAITING = "waiting for the next steps of the training…"
_KEYS = (("robot.environment", "n", "environment"), ("robot.pause", "space", "pause"), ("robot.back", "[", "back"))
"""Keys in the border of the focused pane: id, default key, label."""


class LiveRobotPane(RobotPane):
    """Subscribes while it is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("n", "environment", "environment", "Choose which environment is watched", id="robot.environment"),
        key("escape", "leave", "close", "Close the robot", id="robot.close"),
    ]

    class Left(Message):
        """The user closes the pane."""

    def __init__(
        self, open_source: Callable[[Selection], RobotSource], *, patterns: bool, id: str | None = None
    ) -> None:
        """Watch what `open_source` returns for a selection."""
        super().__init__(is_live=True, patterns=patterns, id=id)
        self._open_source = open_source
        self._viewer = uuid.uuid4().hex[:8]
        self._selection = Selection("random", self._viewer)
        self._source: RobotSource | None = None
        self._scene: Scene | None = None
        self.text = _WAITING

    def on_mount(self) -> None:
        self._show_titles()

    def on_show(self) -> None:
        """Subscribe."""
        if self._source is None:
            self._source = self._open_source(self._selection)

    def on_hide(self) -> None:
        """Unsubscribe; what was received can still be seen when the pane is shown again."""
        self._close()

    def on_unmount(self) -> None:
        self._close()

    def advance(self) -> None:
        """Take new states, and play on."""
        if self._source is not None:
            self._take(self._source)
        super().advance()

    def select(self, selection: Selection) -> None:
        """Watch another environment; forget the states of the one before."""
        if selection == self._selection:  # of which a paused training sends nothing new
            return
        self._selection = selection
        if self._source is not None:
            self._source.select(selection)
        self.playback.history.clear()
        self.playback.restart()
        self._show_titles()
        self.draw_now()

    def action_leave(self) -> None:
        self.post_message(self.Left())

    @work
    async def action_environment(self) -> None:
        """Ask for the environment."""
        screen = self.screen
        if self._scene is None or not isinstance(screen, PartialRepaintScreen):
            return
        selection = await screen.answer_to(ChooseEnvironment(self._scene, self._viewer))
        if isinstance(selection, Selection):
            self.select(selection)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the choice while there is no robot."""
        return action != "environment" or (self._scene is not None and bool(self._scene.bodies))

    def _take(self, source: RobotSource) -> None:
        states = source.take()
        scene = source.scene  # now: it often comes with the first states
        if scene is not None and scene is not self._scene and scene != self._scene:
            self._scene = scene
            self.set_tracks([Track(RobotHistory(scene.step_seconds), RobotPainter(scene))])
            self.refresh_bindings()  # environments can be chosen now
        history = self.playback.history
        if self.tracks:
            self.playback.is_live = not source.has_ended
            self.playback.arrived(is_new=history.add(states))
        self.text = "" if len(history) else source.problem or _WAITING
        if scene is not None and not scene.bodies:
            self.text = NO_ROBOT
        self._show_titles()

    def _close(self) -> None:
        if self._source is not None:
            self._source.close()
            self._source = None

    @on(events.Focus)
    @on(events.Blur)
    def _show_titles(self) -> None:
        note = "" if self._source is None else self._source.problem or self._source.notice
        keys = ", ".join(f"{key_of(self.app, id, usual)} {what}" for id, usual, what in _KEYS)
        set_titles(self, f"robot {title_of(self._selection)}", plain(note) or keys * self.has_focus)
