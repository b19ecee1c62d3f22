"""Which keys of the dashboard its footer shows, by what is focused and by what the training is doing."""

from __future__ import annotations

from collections.abc import Sequence

from textual.widget import Widget
from textual.widgets import Input

from tui.screens.chart_screen import CHART_KEYS
from tui.screens.dashboard.curriculum_panel import CurriculumPanel
from tui.screens.dashboard.knob_line import KnobLine
from tui.screens.dashboard.knob_panel import KnobPanel
from tui.screens.dashboard.log_panel import LogPanel
from tui.screens.dashboard.log_view import LogViewer
from tui.screens.dashboard.run_screen import RunScreen
from tui.widgets.board import ChartBoard
from tui.widgets.inline_select import InlineSelect
from tui.widgets.key_hints import FooterKeys
from tui.widgets.machine_panel import MachinePanel
from tui.widgets.robot.live_pane import LiveRobotPane
from tui.widgets.robot.robot_pane import ROBOT_KEYS

_TRAINING = ("dashboard.pause", "dashboard.export", "dashboard.stop")
_RUNNING = ("dashboard.robot", "dashboard.robot-alone", "dashboard.stop", "dashboard.runs")
"""Keys of a policy on a robot, which has neither knobs nor metrics."""
_LAST = ("dashboard.leave", "app.help")
_KNOBS = ("knobs.edit", "knobs.filter", "dashboard.undo", "dashboard.history", "knobs.less", "knobs.more",
          "knobs.default", "dashboard.curricula", "dashboard.log", "dashboard.impact", "dashboard.copy-preset",
          "dashboard.runs")  # fmt: skip
_CURRICULA = ("curricula.level-up", "curricula.level-down", "curricula.auto", "curricula.mode", "dashboard.curricula",
              "dashboard.history", "dashboard.log", "dashboard.runs")  # fmt: skip
_LOG = ("knobs.filter", "console.next", "console.previous", "console.level", "console.traceback", "dashboard.log",
        "console.copy", "dashboard.runs")  # fmt: skip
_ROBOT = ("dashboard.robot", *ROBOT_KEYS, "dashboard.robot-alone", "dashboard.runs")
_MACHINE = ("dashboard.machine", "dashboard.log", "dashboard.runs")
_PANELS: tuple[tuple[type[Widget], tuple[str, ...]], ...] = (
    (ChartBoard, (*CHART_KEYS, "dashboard.runs")),
    (CurriculumPanel, _CURRICULA),
    (LogPanel, _LOG),
    (MachinePanel, _MACHINE),
    (LiveRobotPane, _ROBOT),
    (KnobPanel, _KNOBS),
)
_FIELDS: tuple[tuple[type[Widget], tuple[str, ...]], ...] = (
    (KnobLine, ("knob-line.set", "knob-line.more", "knob-line.leave")),
    (KnobPanel, ("filter.leave", "filter.clear")),
    (LogPanel, ("console.end-search",)),
)
"""Keys while the user types into a field of a panel: letters belong to the field."""
_OF_LIVE_RUNS = frozenset(
    (
        *("dashboard.pause", "dashboard.stop", "dashboard.save", "dashboard.undo", "dashboard.redo"),
        *("knobs.edit", "knobs.less", "knobs.more", "knobs.halve", "knobs.double", "knobs.default", "knobs.unpin"),
        *("knobs.stop-ramp", "curricula.level-up", "curricula.level-down", "curricula.auto", "curricula.mode"),
    )
)
"""Keys that ask the trainer for something: without a trainer there is nothing to offer."""

_OF_KNOBS = frozenset(
    (
        *("knobs.edit", "knobs.less", "knobs.more", "knobs.halve", "knobs.double", "knobs.default", "knobs.unpin"),
        *("knobs.stop-ramp", "dashboard.undo", "dashboard.redo", "dashboard.history", "dashboard.impact"),
        *("dashboard.export", "dashboard.save"),
    )
)
"""Keys that need what a training has only after its environment is built."""


class KeyContext(RunScreen):
    """Keeps the footer in step with the focus and with the training."""

    def footer_keys(self) -> FooterKeys:
        if isinstance(self.focused, Input | InlineSelect):
            return FooterKeys(self._keys_among(_FIELDS))
        if self.state.status(self.is_live) == "running" and not isinstance(self.focused, LiveRobotPane):
            return FooterKeys(_RUNNING, _LAST)
        keys = (*_TRAINING, *(self._keys_among(_PANELS) or _KNOBS))
        has_curricula = self.has_class("-has-curricula")
        return FooterKeys([id for id in keys if has_curricula or id != "dashboard.curricula"], _LAST)

    def key_label(self, id: str, label: str) -> str:
        if id == "dashboard.pause" and self.state.status(self.is_live) == "running":
            return ""
        if (id in _OF_LIVE_RUNS and self.has_ended) or (id in _OF_KNOBS and not self.state.knobs):
            return ""
        if id == "knobs.filter" and not (self.state.knobs or isinstance(self.focused, LogViewer)):
            return ""
        if id == "dashboard.pause" and self.state.status(self.is_live) == "paused":
            return "resume"
        if id == "dashboard.curricula" and self.has_class("-curricula"):
            return "knobs"
        if id == "knobs.filter" and isinstance(self.focused, LogViewer):
            return "search"
        return super().key_label(id, label)

    def _keys_among(self, panels: Sequence[tuple[type[Widget], tuple[str, ...]]]) -> tuple[str, ...]:
        """Return the keys of the first of these panels that has the focus."""
        around = [] if self.focused is None else list(self.focused.ancestors_with_self)
        return next((ids for panel, ids in panels if any(isinstance(node, panel) for node in around)), ())
