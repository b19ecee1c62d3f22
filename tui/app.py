"""The app: shows the screens, holds the settings in force, and handles what screens ask of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from msgspec.structs import replace
from rich.console import Console
from textual import on, work
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.command import Provider
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter
from textual.notifications import SeverityLevel
from textual.screen import Screen

from curricula.schema import Problem
from trainer_proc.contract.run_folder import RunFolder
from tui.app_clipboard import ClipboardApp
from tui.app_hosts import HostApp
from tui.app_screens import make_screen
from tui.navigation import (
    ChangeSetting,
    ExportView,
    OpenRun,
    ScreenMessage,
    ShowCompare,
    ShowEvaluations,
    ShowExperiment,
    ShowLaunch,
    ShowRollouts,
    ShowRuns,
    ShowWatch,
)
from tui.session.settings.config import config_file, read_settings
from tui.session.settings.keymap import usable_keys
from tui.session.text import plain, plain_lines
from tui.terminal.drawable_lines import DrawableLines
from tui.terminal.driver import TerminalDriver
from tui.terminal.frame_clock import FrameClock
from tui.terminal.layout_requests import count_every_layout_request
from tui.terminal.leaving import is_of_leaving_widget
from tui.terminal.partial_repaint import PartialRepaintScreen
from tui.terminal.strips import make_caches_when_asked
from tui.terminal.style_rules import hash_rules_quickly
from tui.terminal.stylesheet import RememberingStylesheet
from tui.themes import NO_COLOUR, SIXTEEN_DARK, SIXTEEN_LIGHT, THEMES, no_colour_theme, sixteen_colours_theme
from tui.widgets.key_table import key
from tui.widgets.thread_failed import ThreadFailed

if TYPE_CHECKING:  # not for the first paint
    from tui.session.evaluations.jobs import EvaluationJobs
    from tui.session.hosts.host_runs import HostRuns

_PROBLEMS_SHOWN = 4
_DRAWABLE_LINES = DrawableLines()
_TOAST_SIGNS: dict[SeverityLevel, str] = {"information": "", "warning": "! ", "error": "✘ "}


def _go_to_provider() -> type[Provider]:
    from tui.keys.palette import GoToProvider

    return GoToProvider


class HumanoidTui(ClipboardApp, HostApp):
    """Shows one screen at a time; screens ask for others by messages (`tui.navigation`)."""

    TITLE = "humanoid-tui"
    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide"), (160, "-very-wide")]  # noqa: RUF012 (as App declares it)
    VERTICAL_BREAKPOINTS = [(0, "-short"), (35, "-tall")]  # noqa: RUF012
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {*App.COMMANDS, _go_to_provider}
    BINDINGS: ClassVar[list[BindingType]] = [
        key("question_mark,f1", "help", "help", "List this screen's keys and symbols", id="app.help", footer=True),
        key("ctrl+p", "command_palette", "palette", "Search all commands", id="app.palette", priority=True),
        key("ctrl+q", "quit", "quit", "Quit the program", id="app.quit", priority=True),
    ]

    def __init__(
        self,
        log_root: Path,
        first: ScreenMessage | RunFolder | None = None,
        hosts: HostRuns | None = None,
    ) -> None:
        """Look for runs in `log_root`; read the user's settings.

        Open on the `first` screen, on the dashboard of a run's folder, or else on the launch screen. `hosts` has the
        mirror if the run is on one.
        """
        hash_rules_quickly()
        make_caches_when_asked()
        count_every_layout_request()
        self.is_limited = "NO_COLOR" in os.environ or Console(force_terminal=True).color_system == "standard"
        super().__init__(ansi_color=True if self.is_limited else None)
        self.stylesheet = RememberingStylesheet(variables=self.get_css_variables())
        self.log_root = log_root
        if hosts is not None:
            self.hosts = hosts
        self._first = OpenRun(first) if isinstance(first, RunFolder) else first or ShowLaunch()
        self.config, self._problems = read_settings()
        self.frame_clock = FrameClock(self, self.config.rates.frames_per_second)
        own = (no_colour_theme(), sixteen_colours_theme(dark=True), sixteen_colours_theme(dark=False))
        for theme in (*THEMES.values(), *own):
            self.register_theme(theme)
        self.theme = self._theme_in_force()
        keymap, _ = usable_keys(self.config.keys)
        self._keymap = {id: ",".join(keys) for id, keys in keymap.items()}

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return the filters that each line passes before it is drawn."""
        return (*super().get_line_filters(), _DRAWABLE_LINES)

    def get_default_screen(self) -> Screen[None]:
        """Return an empty screen that never repaints those above it."""
        return PartialRepaintScreen(id="_default")

    def get_driver_class(self) -> type[Driver]:
        """Return the driver that never blocks, unless another one is in use, as in `humanoid-tui web`."""
        usual = super().get_driver_class()
        return TerminalDriver if usual is LinuxDriver else usual

    def refresh(self, *, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Repaint everything, also unchanged regions."""
        if self._screen_stack and isinstance(self.screen, PartialRepaintScreen):
            self.screen.forget_shown_spans()
        return super().refresh(repaint=repaint, layout=layout, recompose=recompose)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Define the program's variables for Textual's themes too."""
        return THEMES["dark"].variables

    def on_mount(self) -> None:
        """Show the first screen, and the problems of the settings."""
        self.go_to(self._first)
        self._show_problems(self._problems)
        if self.config.keys:
            self._check_keys()

    def _handle_exception(self, error: Exception) -> None:
        if not is_of_leaving_widget(error):
            super()._handle_exception(error)

    # --- screens ---

    @on(ShowLaunch)
    @on(ShowRuns)
    @on(OpenRun)
    @on(ShowCompare)
    @on(ShowEvaluations)
    @on(ShowExperiment)
    @on(ShowWatch)
    @on(ShowRollouts)
    def go_to(self, wanted: ScreenMessage) -> None:
        """Show the screen that `wanted` names; only Textual's own empty screen stays below it.

        A screen with widgets below another one would be laid out at every resize, and with breakpoints, for ever.
        """
        screen = make_screen(self, self.log_root, wanted)
        if len(self.screen_stack) > 1:
            self.switch_screen(screen)
        else:
            self.push_screen(screen)

    def action_help(self) -> None:
        """Open the help of the current screen."""
        from tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a toast; a sign repeats the severity, for terminals without colour."""
        said = f"{_TOAST_SIGNS[severity]}{message}"
        super().notify(said, title=title, severity=severity, timeout=timeout, markup=markup)

    @on(ThreadFailed)
    def _show_thread_failure(self, message: ThreadFailed) -> None:
        self.notify(plain_lines(message.text), severity="error", markup=False, timeout=60)

    # --- evaluations ---

    @cached_property
    def evaluations(self) -> EvaluationJobs:
        """Evaluations that this program runs; they go on from screen to screen, and end with the program."""
        from tui.app_evaluations import evaluation_jobs

        return evaluation_jobs(self)

    def on_unmount(self) -> None:
        """Cancel the evaluations that still run, and leave the hosts."""
        self.leave_hosts()
        if "evaluations" in vars(self):
            self.evaluations.close()

    # --- settings ---

    @on(ChangeSetting)
    def change_setting(self, change: ChangeSetting) -> None:
        """Change a setting of the tables `appearance`, `rates`, `board` or `notify`, and store it in the file."""
        table = replace(getattr(self.config, change.table), **{change.name: change.value})
        self.config = replace(self.config, **{change.table: table})
        self.frame_clock.pacer.frames_per_second = self.config.rates.frames_per_second
        self.theme = self._theme_in_force()
        self._store(change)

    def _theme_in_force(self) -> str:
        """Return the theme of the settings, or its closest match on this terminal."""
        chosen = self.config.appearance.theme
        if not self.is_limited:
            return chosen
        if self.no_color:
            return NO_COLOUR
        return SIXTEEN_DARK if THEMES[chosen].dark else SIXTEEN_LIGHT

    @work(thread=True, group="settings")
    def _store(self, change: ChangeSetting) -> None:
        from tui.session.settings.config import SettingsError
        from tui.session.settings.settings_file import remember

        try:
            remember(change.table, change.name, change.value)
        except SettingsError as problem:
            self.call_from_thread(self.notify, plain(str(problem)), severity="warning", markup=False)

    @work(thread=True)
    def _check_keys(self) -> None:
        """Report unknown ids and conflicting keys. Loads all screens."""
        from tui.keys.catalogue import key_actions
        from tui.session.settings.keymap import checked_keymap

        keymap, problems = checked_keymap(self.config.keys, key_actions())
        self.call_from_thread(self.set_keymap, {id: ",".join(keys) for id, keys in keymap.items()})
        self.call_from_thread(self._show_problems, problems)

    def _show_problems(self, problems: list[Problem]) -> None:
        for problem in problems[:_PROBLEMS_SHOWN]:
            self.notify(plain(str(problem)), title="settings", severity="warning", markup=False)
        if (left := len(problems) - _PROBLEMS_SHOWN) > 0:
            more = f"{left} more problems in {config_file()}: humanoid-tui doctor lists all"
            self.notify(plain(more), title="settings", severity="warning", markup=False)

    # --- commands ---

    @on(ExportView)
    @work
    async def export_view(self, wanted: ExportView) -> None:
        """Open the export dialog, and report the file that it has written."""
        from tui.widgets.export_dialog import ExportDialog, View

        if isinstance(self.screen, ExportDialog):
            return  # the key came twice at once
        folder = getattr(self.screen, "folder", None)
        name = folder.name if isinstance(folder, RunFolder | Path) else self.TITLE
        view = View(
            name=name,
            page=wanted.page,
            screen=self.export_screenshot(title=plain(name)),
            charts=tuple(wanted.charts),
            chosen=wanted.charts[wanted.chosen] if wanted.chosen >= 0 else None,
            prefers_chosen=wanted.prefers_chosen,
            folder=folder.path if isinstance(folder, RunFolder) else None,
            theme=self.theme,
        )
        path = await self.push_screen_wait(ExportDialog(view))
        if path is not None:
            self.copy_to_clipboard(plain(str(path)))
            self.notify(plain(f"written; path copied: {path}"), markup=False)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer all commands in the palette, first those of the current screen."""
        from tui.keys.palette import commands

        yield from commands(self, screen)
