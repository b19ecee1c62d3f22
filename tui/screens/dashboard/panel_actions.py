"""Actions that choose which panel is shown or focused: knobs, curricula, log, machine, and the filter."""

from __future__ import annotations

from textual import events, on

from tui.screens.dashboard.curriculum_panel import CurriculumPanel
from tui.screens.dashboard.knob_panel import KnobPanel
from tui.screens.dashboard.knob_table import KnobTable
from tui.screens.dashboard.log_panel import LogPanel
from tui.screens.dashboard.log_strip import LogStrip
from tui.screens.dashboard.log_view import LogViewer
from tui.screens.dashboard.run_screen import RunScreen
from tui.session.notifications.news import News
from tui.widgets.machine_panel import MachinePanel
from tui.widgets.robot.live_pane import LiveRobotPane


class PanelActions(RunScreen):
    """Handlers of keys in `actions.KEYS`.

    Classes on the screen hold the choice: `-curricula` (instead of knobs), `-log`, `-machine`, `-robot` (beside the
    charts, or instead of all where there is no room), `-robot-alone`.
    """

    def action_filter(self) -> None:
        """Search the log if it is focused, else filter the knobs."""
        if self.query_one(LogViewer).has_focus:
            self.query_one(LogPanel).open_search()
        else:
            self._uncover_panels()
            self.remove_class("-curricula")
            self.query_one(KnobPanel).open_filter()

    def action_only_changed(self) -> None:
        """Show only changed knobs, or all."""
        self._uncover_panels()
        self.remove_class("-curricula")
        self.query_one(KnobPanel).toggle_only_changed()

    def action_curricula(self) -> None:
        """Switch between curricula and knobs."""
        if not self.has_class("-has-curricula"):
            self.report(News("this run has no curriculum, no terrain levels and no tasks"))
            return
        self._uncover_panels()
        self.remove_class("-log")
        self.toggle_class("-curricula")
        self.focus_panel()

    def action_log(self) -> None:
        """Show the log full screen, or go back."""
        self.remove_class("-machine", "-robot", "-robot-alone")
        self.toggle_class("-log")
        if self.has_class("-log"):
            self.query_one(LogViewer).focus()
        else:
            self.focus_panel()

    @on(LogStrip.Opened)
    def _open_log(self, message: LogStrip.Opened) -> None:
        message.stop()
        self.action_log()

    @on(LogViewer.PageRead)
    def _show_log_strip(self, message: LogViewer.PageRead) -> None:
        self.query_one(LogStrip).show(message.page)

    def action_machine(self) -> None:
        """Show or hide the machine panel."""
        panel, console = self.query_one(MachinePanel), self.query_one(LogViewer)
        self._uncover_panels()
        self.remove_class("-log")
        self.toggle_class("-machine")
        if not self.has_class("-machine"):
            self.focus_panel()
        elif self._is_small or console.has_focus:  # it replaces those
            panel.focus()

    def action_robot(self) -> None:
        """Show or hide the robot."""
        if self.has_class("-robot"):
            self._leave_robot()
        else:
            self._show_robot()

    def action_robot_alone(self) -> None:
        """Show the robot full screen, or beside the charts again."""
        if not self.has_class("-robot"):
            self._show_robot()
            self.add_class("-robot-alone")
        elif self._is_small:  # it has the full screen anyway
            self._leave_robot()
        else:
            self.toggle_class("-robot-alone")
        self.refresh_bindings()

    @property
    def _is_small(self) -> bool:
        """Whether there is room for one panel only."""
        return self.has_class("-narrow") or self.has_class("-short")

    def _uncover_panels(self) -> None:
        """Hide the robot where it covers the other panels."""
        self.remove_class("-robot-alone")
        if self._is_small:
            self.remove_class("-robot")

    def _show_robot(self) -> None:
        self.remove_class("-log", "-machine")
        self.add_class("-robot")
        self.query_one(LiveRobotPane).focus()
        self.refresh_bindings()

    @on(LiveRobotPane.Left)
    def _leave_robot(self) -> None:
        self.remove_class("-robot", "-robot-alone")
        self.focus_panel()
        self.refresh_bindings()

    def focus_panel(self) -> None:
        """Focus the curricula or the knobs, whichever is chosen."""
        self.query_one(CurriculumPanel if self.has_class("-curricula") else KnobTable).focus()

    @on(events.DescendantFocus)
    def _follow_focus(self, event: events.DescendantFocus) -> None:
        """Keep the choice of panel in step with the focus, however that moved."""
        if isinstance(event.widget, CurriculumPanel):
            self.add_class("-curricula")
        elif isinstance(event.widget, KnobTable):
            self.remove_class("-curricula")
