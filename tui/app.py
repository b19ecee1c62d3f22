"""The program on the screen: which screens there are, its settings, and the commands of the one that is shown."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from msgspec.structs import replace
from rich.console import Console
from textual import work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.notifications import SeverityLevel
from textual.screen import Screen

from trainer_proc.contract.run_folder import RunFolder
from tui.session.notifications.news import News
from tui.session.settings.config import config_file, read_settings
from tui.session.settings.keymap import usable_keys
from tui.session.settings.schema_check import SettingProblem
from tui.session.text import plain
from tui.terminal.clipboard import MOST_BYTES, copy_in_tmux, is_in_tmux
from tui.terminal.driver import TerminalDriver
from tui.terminal.frame_clock import FrameClock
from tui.terminal.partial_repaint import LiveScreen
from tui.themes import NO_COLOUR, SIXTEEN_DARK, SIXTEEN_LIGHT, THEMES, no_colour_theme, sixteen_colours_theme

if TYPE_CHECKING:
    from tui.widgets.board import ChartBoard

_PROBLEMS_SHOWN = 4
_TOAST_SIGNS: dict[SeverityLevel, str] = {"information": "", "warning": "! ", "error": "✘ "}


def _things_to_go_to() -> type[Provider]:
    from tui.keys.palette import ThingsToGoTo

    return ThingsToGoTo


class HumanoidTui(App[None]):
    """Opens on the launch screen, or on the dashboard of `run`."""

    TITLE = "humanoid-tui"
    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide"), (160, "-very-wide")]  # noqa: RUF012 (as App declares it)
    VERTICAL_BREAKPOINTS = [(0, "-short"), (35, "-tall")]  # noqa: RUF012
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {*App.COMMANDS, _things_to_go_to}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "help", "help", tooltip="Explain this screen's keys and signs", id="app.help"),
        Binding(
            "ctrl+p",
            "command_palette",
            "palette",
            show=False,
            priority=True,
            tooltip="Find anything that the program can do",
            id="app.palette",
        ),
        Binding("ctrl+q", "quit", "quit", show=False, priority=True, tooltip="Leave the program", id="app.quit"),
    ]

    def __init__(
        self,
        log_root: Path,
        run: RunFolder | None = None,
        watch: tuple[Path, Sequence[str]] | None = None,
        compared: Sequence[RunFolder] = (),
    ) -> None:
        """Look for runs in `log_root`; read the person's settings.

        `watch` is what `show_watch` takes, `compared` what `show_compare` takes.
        """
        self.is_limited = "NO_COLOR" in os.environ or Console(force_terminal=True).color_system == "standard"
        super().__init__(ansi_color=True if self.is_limited else None)
        self.log_root = log_root
        self._run_at_start = run
        self._watch_at_start = watch
        self._compared_at_start = compared
        self.config, self._problems = read_settings()
        self.frame_clock = FrameClock(self, self.config.rates.frames_per_second)
        own = (no_colour_theme(), sixteen_colours_theme(dark=True), sixteen_colours_theme(dark=False))
        for theme in (*THEMES.values(), *own):
            self.register_theme(theme)
        self.theme = self._theme_in_force()
        keymap, _ = usable_keys(self.config.keys)
        self._keymap = {id: ",".join(keys) for id, keys in keymap.items()}

    def get_default_screen(self) -> Screen[None]:
        """Have nothing below all screens that has them painted again."""
        return LiveScreen(id="_default")

    def get_driver_class(self) -> type[Driver]:
        """Draw through the driver that never blocks, unless another one is asked for, as by `humanoid-tui web`."""
        usual = super().get_driver_class()
        return TerminalDriver if usual is LinuxDriver else usual

    def refresh(self, *, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Paint everything anew, also what was painted before."""
        if self._screen_stack and isinstance(self.screen, LiveScreen):
            self.screen.forget_what_is_shown()
        return super().refresh(repaint=repaint, layout=layout, recompose=recompose)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Have the program's own variables in Textual's themes too."""
        return THEMES["dark"].variables

    def on_mount(self) -> None:
        """Show the first screen, and what is wrong with the settings."""
        if self._run_at_start is not None:
            self.show_dashboard(self._run_at_start)
        elif self._watch_at_start is not None:
            self.show_watch(*self._watch_at_start)
        elif self._compared_at_start:
            self.show_compare(self._compared_at_start)
        else:
            self.show_launch()
        self._tell_problems(self._problems)
        if self.config.keys:
            self._check_keys()

    # --- screens ---

    def show_launch(self, preset: str = "") -> None:
        """Go to the launch screen, with a preset chosen if one is named."""
        from tui.screens.launch.screen import LaunchScreen

        self._show(LaunchScreen(self.log_root, preset))

    def show_runs(self) -> None:
        """Go to the list of runs."""
        from tui.screens.runs.screen import RunsScreen

        self._show(RunsScreen(self.log_root))

    def show_dashboard(self, folder: RunFolder) -> None:
        """Go to the dashboard of a run."""
        from tui.screens.dashboard.screen import DashboardScreen  # numpy comes with it: not for the first paint

        self._show(DashboardScreen(folder))

    def show_compare(self, folders: Sequence[RunFolder]) -> None:
        """Show several runs on the same charts."""
        from tui.screens.compare.screen import CompareScreen

        self._show(CompareScreen(self.log_root, folders))

    def show_watch(self, folder: Path, wanted: Sequence[str]) -> None:
        """Watch the event files in a folder: the runs with one of `wanted` in their names, if there are any."""
        from tui.screens.watch.screen import WatchScreen

        self._show(WatchScreen(folder, wanted))

    def action_help(self) -> None:
        """Explain the keys and signs of the screen that is shown."""
        from tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def _show(self, screen: Screen[None]) -> None:
        """Put `screen` in place of the one shown; only Textual's own empty screen stays below it.

        A screen with widgets below another one would be laid out at every resize, and with breakpoints, for ever.
        """
        if len(self.screen_stack) > 1:
            self.switch_screen(screen)
        else:
            self.push_screen(screen)

    def tell(self, news: News, run: str = "") -> None:
        """Tell the person one line in passing; call them, as the settings say, if it needs them."""
        from tui.terminal.toasts import tell

        tell(self, news, self.config.notify, run)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a line in passing; a sign says how much it matters, beside its colour."""
        said = f"{_TOAST_SIGNS[severity]}{message}"
        super().notify(said, title=title, severity=severity, timeout=timeout, markup=markup)

    # --- settings ---

    def change_setting(self, table: str, name: str, value: Any) -> None:
        """Change a setting of the tables `appearance`, `rates`, `board` or `notify`, and remember it in the file."""
        changed = replace(getattr(self.config, table), **{name: value})
        self.config = replace(self.config, **{table: changed})
        self.frame_clock.pace.frames_per_second = self.config.rates.frames_per_second
        self.theme = self._theme_in_force()
        self._remember(table, name, value)

    def _theme_in_force(self) -> str:
        """Return the theme of the settings, or the one that comes closest to it on this terminal."""
        chosen = self.config.appearance.theme
        if not self.is_limited:
            return chosen
        if self.no_color:
            return NO_COLOUR
        return SIXTEEN_DARK if THEMES[chosen].dark else SIXTEEN_LIGHT

    @work(thread=True, group="settings")
    def _remember(self, table: str, name: str, value: Any) -> None:
        from tui.session.settings.settings_file import NotWritten, remember

        try:
            remember(table, name, value)
        except NotWritten as problem:
            self.call_from_thread(self.notify, plain(str(problem)), severity="warning", markup=False)

    @work(thread=True)
    def _check_keys(self) -> None:
        """Look for ids that there aren't and keys that clash; all screens must be loaded for it."""
        from tui.keys.catalogue import key_actions
        from tui.session.settings.keymap import checked_keymap

        keymap, problems = checked_keymap(self.config.keys, key_actions())
        self.call_from_thread(self.set_keymap, {id: ",".join(keys) for id, keys in keymap.items()})
        self.call_from_thread(self._tell_problems, problems)

    def _tell_problems(self, problems: list[SettingProblem]) -> None:
        for problem in problems[:_PROBLEMS_SHOWN]:
            self.notify(plain(str(problem)), title="settings", severity="warning", markup=False)
        if (left := len(problems) - _PROBLEMS_SHOWN) > 0:
            more = f"{left} more problems in {config_file()}: humanoid-tui doctor tells all"
            self.notify(plain(more), title="settings", severity="warning", markup=False)

    # --- commands ---

    def copy(self, text: str) -> None:
        """Put a text on the clipboard of the terminal, and say so."""
        self.copy_to_clipboard(text)
        self.notify("on the clipboard", markup=False)

    def copy_to_clipboard(self, text: str) -> None:
        """Put a text on the clipboard of the terminal (OSC 52), and of a tmux in between; say if it may be cut."""
        super().copy_to_clipboard(text)
        if is_in_tmux():
            self._copy_in_tmux(text)
        size = len(text.encode(errors="replace")) * 4 // 3
        if size > MOST_BYTES:
            warning = f"{size / 1000:.0f} kB were copied: many terminals take {MOST_BYTES / 1000:.0f} kB, or nothing"
            self.notify(warning, severity="warning", markup=False)

    @work(thread=True, group="clipboard")
    def _copy_in_tmux(self, text: str) -> None:
        copy_in_tmux(text)

    def action_export_screen(self) -> None:
        """Write a picture of the screen that is shown."""
        self.write_view()

    @work
    async def write_view(self, board: ChartBoard | None = None) -> None:
        """Ask what of the screen, or of its charts, is to be written into a file, and write it."""
        from tui.widgets.export_dialog import ExportDialog, View

        if isinstance(self.screen, ExportDialog):
            return  # the key came twice at once
        charts, chosen, page = (*board.described(), board.page.title) if board is not None else ([], -1, "")
        folder = getattr(self.screen, "folder", None)
        name = folder.name if isinstance(folder, RunFolder | Path) else self.TITLE
        view = View(
            name,
            page,
            self.export_screenshot(title=plain(name)),
            tuple(charts),
            charts[chosen] if chosen >= 0 else None,
            board is not None and board.chosen_chart is not None,
            folder.path if isinstance(folder, RunFolder) else None,
            self.theme,
        )
        path = await self.push_screen_wait(ExportDialog(view))
        if path is not None:
            self.copy_to_clipboard(str(path))
            self.notify(plain(f"written, and its path is on the clipboard: {path}"), markup=False)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer all that can be done in the command palette: first what the shown screen can."""
        from tui.keys.palette import commands

        yield from commands(self, screen)
