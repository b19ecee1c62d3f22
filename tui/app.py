"""The program on the screen: which screens there are, and the commands of the one that is shown."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from textual.app import App, SystemCommand
from textual.screen import Screen

from trainer_proc.wire.run_folder import RunFolder
from tui.screens.launch import LaunchScreen


class HumanoidTui(App[None]):
    """Opens on the launch screen, or on the dashboard of `run`."""

    TITLE = "humanoid-tui"
    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide"), (160, "-very-wide")]  # noqa: RUF012 (as App declares it)
    VERTICAL_BREAKPOINTS = [(0, "-short"), (35, "-tall")]  # noqa: RUF012

    def __init__(self, log_root: Path, run: RunFolder | None = None) -> None:
        """Look for runs in `log_root`."""
        super().__init__()
        self.log_root = log_root
        self._run_at_start = run

    def on_mount(self) -> None:
        """Show the first screen."""
        if self._run_at_start is not None:
            self.show_dashboard(self._run_at_start)
        else:
            self.show_launch()

    def show_launch(self) -> None:
        """Go to the launch screen."""
        self._show(LaunchScreen(self.log_root))

    def show_runs(self) -> None:
        """Go to the list of runs."""
        from tui.screens.runs import RunsScreen

        self._show(RunsScreen(self.log_root))

    def show_dashboard(self, folder: RunFolder) -> None:
        """Go to the dashboard of a run."""
        from tui.screens.dashboard import DashboardScreen  # numpy comes with it: not for the first paint

        self._show(DashboardScreen(folder))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every key of the shown screen in the command palette, those that the footer leaves out too."""
        for active in screen.active_bindings.values():
            binding = active.binding
            is_ours = active.node is screen and binding.tooltip  # Textual's own keys of every screen have none
            if (binding.show or is_ours) and active.enabled and binding.description:
                title = f"{binding.description.capitalize()} ({self.get_key_display(binding)})"
                run = partial(self.run_action, binding.action, active.node)
                yield SystemCommand(title, active.tooltip or "A key of this screen", run)
        yield from super().get_system_commands(screen)

    def _show(self, screen: Screen[None]) -> None:
        """Put `screen` in place of the one shown; only Textual's own empty screen stays below it.

        A screen with widgets below another one would be laid out at every resize, and with breakpoints, for ever.
        """
        if len(self.screen_stack) > 1:
            self.switch_screen(screen)
        else:
            self.push_screen(screen)
