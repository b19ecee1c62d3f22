"""The command palette: keys of the current screen, other screens, settings, runs, presets, knobs, metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from textual.app import App, SystemCommand
from textual.command import Hit, Hits, Provider
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from presets import list_presets
from trainer_proc.contract.run_folder import RunFolder
from tui.app_settings import log_root_of, settings_of
from tui.navigation import ChangeSetting, CopyText, ExportView, OpenRun, ShowCompare, ShowLaunch, ShowRuns
from tui.session.runs.run_index import run_folders
from tui.session.settings.config import config_file
from tui.session.text import plain
from tui.themes import THEMES
from tui.widgets.shown_keys import shown_keys

_SWITCHES = {
    ("notify", "bell"): "terminal bell when the user is needed",
    ("notify", "desktop"): "desktop notification when the user is needed",
}


def commands(app: App[Any], screen: Screen[object]) -> Iterator[SystemCommand]:
    """Return the commands that need no disk access."""
    settings, post = settings_of(app), partial(_posting, app)
    keys = [shown for shown in shown_keys(screen) if shown.enabled]
    for shown in keys:
        if shown.id != "app.palette":
            title = f"{shown.description[:1].upper()}{shown.description[1:]} ({shown.keys[0]})"
            run = partial(app.run_action, shown.action, shown.node)
            yield SystemCommand(title, shown.tooltip or "A key of this screen", run)
    ids = {shown.id for shown in keys}  # what a key of the screen does needs no second command
    if "launch.start" not in ids and "runs.new" not in ids:
        yield SystemCommand("Go to: start a training", "Choose preset, device and options", post(ShowLaunch()))
    if not ids & _KEYS_TO_RUNS:
        help = "List live and ended runs; space chooses some, c compares them"
        yield SystemCommand("Go to: runs, compare runs", help, post(ShowRuns()))
    if "charts.write" not in ids:
        help = "Write a picture of the current screen"
        yield SystemCommand("Export view: this screen as SVG", help, post(ExportView()))
    if not app.no_color:
        for name in THEMES:
            now = ", in use" if name == settings.appearance.theme else ""
            change = post(ChangeSetting("appearance", "theme", name))
            yield SystemCommand(f"Theme: {name}", f"{_THEME_WORDS[name]}{now}; stored in config.toml", change)
    for (table, name), what in _SWITCHES.items():
        is_on = getattr(getattr(settings, table), name)
        title = f"Setting: {'disable' if is_on else 'enable'} {what}"
        help = f"Now {'on' if is_on else 'off'}; stored in config.toml"
        yield SystemCommand(title, help, post(ChangeSetting(table, name, not is_on)))
    yield SystemCommand(
        "Settings: copy path of config.toml", plain(str(config_file())), post(CopyText(str(config_file())))
    )


_KEYS_TO_RUNS = {"dashboard.runs", "compare.runs", "launch.runs", "runs.attach"}
"""Keys that go to the list of runs, and one of that list itself."""
_THEME_WORDS = {
    "dark": "Dark",
    "light": "Light",
    "okabe-ito": "Dark, colour-blind safe",
    "tol": "Light, colour-blind safe",
}


class GoToProvider(Provider):
    """Finds presets, runs, and the knobs and metrics of the current run by name."""

    _found: asyncio.Task[list[tuple[str, str, Callable[[], object]]]]

    async def startup(self) -> None:
        """Begin to read the disk in a thread.

        Textual 8.2 cancels a startup that still waits when the user types the next letter, and the provider then finds
        nothing.
        """
        self._found = asyncio.create_task(self._find())

    async def discover(self) -> Hits:
        """Offer nothing before the user types: there may be thousands."""
        for hit in list[Hit]():
            yield hit

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name, text, go in await asyncio.shield(self._found):
            if (score := matcher.match(name)) > 0:
                yield Hit(score, matcher.highlight(name), go, text=name, help=text)

    async def _find(self) -> list[tuple[str, str, Callable[[], object]]]:
        return [*self._of_the_screen(), *await asyncio.to_thread(self._on_disk)]

    def _of_the_screen(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        """Return metrics and knobs by name. Their widgets are queried by class name: not all screens load them."""
        for board in self.screen.query("ChartBoard").results():
            charts: Any = board
            for metric in charts.metrics:
                yield f"Metric: {plain(metric)}", "Show its chart", partial(charts.look_for, metric)
        for panel in self.screen.query("KnobPanel").results():
            state: Any = getattr(self.screen, "state", None)
            for name in state.knobs if state is not None else ():
                yield f"Knob: {plain(name)}", "Show it in the table", partial(self._go_to_knob, panel, name)

    async def _go_to_knob(self, panel: Any, name: str) -> None:
        await self.screen.run_action("filter")
        panel.query_one(Input).value = name

    def _on_disk(self) -> list[tuple[str, str, Callable[[], object]]]:
        post = partial(_posting, self.app)
        shown = getattr(self.screen, "folder", None)
        things: list[tuple[str, str, Callable[[], object]]] = []
        for preset in list_presets()[0]:
            things.append((f"Start: {plain(preset.name)}", plain(preset.title), post(ShowLaunch(preset.name))))
        try:
            folders = list(run_folders(log_root_of(self.app)))
        except OSError:
            return things  # the list of runs reports it
        for folder in folders:
            name = plain(f"Open: {folder.path.parent.name}/{folder.name}")
            things.append((name, "Open its dashboard", post(OpenRun(folder))))
            if isinstance(shown, RunFolder) and shown.path != folder.path:
                both = post(ShowCompare([shown, folder]))
                things.append((f"Compare with: {name.removeprefix('Open: ')}", "Show both runs on shared charts", both))
        return things


def _posting(app: App[Any], message: Message) -> Callable[[], object]:
    """Return a command that posts `message` to the app."""
    return partial(app.post_message, message)
