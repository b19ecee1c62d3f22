"""The launch screen: attach to a running training, continue the last run, or start a preset with other values."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Button, Input, OptionList, Select, Static

from curricula.errors import UsageError, UserError
from presets import Preset, list_presets
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.navigation import OpenRun, ShowRuns
from tui.screens.launch.environments_field import EnvironmentsField
from tui.screens.launch.form import LaunchForm, label_of
from tui.screens.launch.launch_list import LaunchList
from tui.session.backends.devices import Device, list_devices
from tui.session.launching.launch_list import ATTACH, CONTINUE, ListedRuns, find_runs, run_text
from tui.session.launching.launcher import LaunchError, SpecError, make_spec
from tui.session.probing.choose import with_environments
from tui.session.probing.choose_showing import choose_showing
from tui.session.probing.probe import ProbingCancelled
from tui.session.probing.texts import chosen_text
from tui.session.text import plain
from tui.widgets.key_footer import KeyFooter
from tui.widgets.key_table import key
from tui.widgets.start_run import start_run

_TITLE = "start a training"
MEASURING = "Cancel (Enter)"
_HUMANOID_PRESET, _FIRST_CONTACT_PRESET = "g1-walk", "cartpole"


class LaunchScreen(Screen[None]):
    """Opens ready to train: Enter starts the highlighted preset with the values shown."""

    CSS_PATH = "launch.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("ctrl+s", "start", "start", "Start this training", id="launch.start", footer=True),
        key("slash", "search", "search", "Search presets by name, title, task, group or simulator",
            id="launch.search", footer=True, priority=True, display="/"),
        key("r", "runs", "runs", "List all runs", id="launch.runs", footer=True),
        key("q", "leave", "quit", "Quit the program", id="launch.quit", footer=True),
    ]  # fmt: skip

    @dataclass
    class DevicesFound(Message):
        """The devices of this machine were detected."""

        devices: list[Device]

    @dataclass
    class RunsFound(Message):
        """The runs on disk were read."""

        runs: ListedRuns

    @dataclass
    class Measured(Message):
        """Progress of the search for a number of environments."""

        text: str

    def __init__(self, log_root: Path, preset: str = "") -> None:
        """Start runs in `log_root`; begin at this preset, or at one that suits the machine."""
        super().__init__()
        self._log_root = log_root
        self._preset_at_start = preset
        self._problems: dict[str, str] = {}
        self._devices: list[Device] = []
        self._own_preset: Preset | None = None
        self._starting = False
        self._measuring_ended = threading.Event()
        self._shown = ""

    def compose(self) -> ComposeResult:
        yield Static(_TITLE, classes="title-line", id="title", markup=False)
        with Horizontal(id="launch"):
            yield LaunchList(id="launch-list")
            yield LaunchForm(id="form")
        yield KeyFooter()

    def on_mount(self) -> None:
        """List the presets; find devices and runs, which may take a moment."""
        presets, problems = list_presets()
        self._problems = {problem.name: str(problem) for problem in problems}
        self._list.presets = {preset.name: preset for preset in presets}
        self._list.unreadable = list(self._problems)
        self._list.show()
        self._list.highlight(self._preset_at_start)
        self._list.options.focus()
        self.call_after_refresh(self._find_devices)
        self.call_after_refresh(self._find_runs)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave `/` to a field."""
        return action != "search" or not isinstance(self.focused, Input)

    @property
    def _list(self) -> LaunchList:
        return self.query_one(LaunchList)

    @property
    def _form(self) -> LaunchForm:
        return self.query_one(LaunchForm)

    @property
    def _environments(self) -> EnvironmentsField:
        return self.query_one(EnvironmentsField)

    @work(thread=True)
    def _find_devices(self) -> None:
        self.post_message(self.DevicesFound(list_devices()))

    @work(thread=True)
    def _find_runs(self) -> None:
        try:
            self.post_message(self.RunsFound(find_runs(self._log_root)))
        except OSError:
            return  # the list of runs reports it

    @on(RunsFound)
    def _show_runs(self, message: RunsFound) -> None:
        self._list.runs = message.runs
        self._list.show()

    @on(DevicesFound)
    def _show_devices(self, message: DevicesFound) -> None:
        self._devices = message.devices
        select = self.query_one("#device", Select)
        select.set_options([(str(device), device.name) for device in message.devices])
        select.value = message.devices[0].name
        if not self._list.highlighted:  # else the user was faster
            self._list.highlight(_HUMANOID_PRESET if message.devices[0].name != "cpu" else _FIRST_CONTACT_PRESET)

    # --- what is chosen ---

    @on(OptionList.OptionHighlighted, "#presets")
    async def _show_chosen(self) -> None:
        """Show description and values of the highlighted preset, its error, or what a run's row does."""
        row, form = self._list.highlighted, self._form
        if row == self._shown:  # listed anew, by a search or a resize: what is typed stays
            return
        self._shown = row
        title = f"{_TITLE}: {row}"  # the list may truncate the name
        form.show_problem("")
        is_run = row.startswith((ATTACH, CONTINUE))
        self.query_one("#start", Button).label = label_of(row)
        if is_run:
            kind, _, path = row.partition(":")
            title = f"{kind} {Path(path).name}"
            form.describe(run_text(row, self._list.runs), with_fields=False)
        elif (preset := self._preset()) is None:
            form.describe(self._problems.get(row, ""))
            await form.show_required({})
        else:
            await self._show_preset(preset)
        self.query_one("#title", Static).update(plain(title))

    async def _show_preset(self, preset: Preset) -> None:
        await self._form.show_preset(preset)
        self._suggest_environments(preset)

    @on(Input.Changed, "#preset-file")
    async def _take_preset_file(self, event: Input.Changed) -> None:
        """Show the values of the user's own preset as soon as its file can be read."""
        before, path = self._own_preset, Path(event.value.strip()).expanduser()
        try:
            is_file = path.suffix == ".toml" and path.is_file()
            self._own_preset = self._form.preset_file() if is_file else None
        except SpecError as error:
            self._own_preset = None
            self._form.show_problem(str(error))
        if self._own_preset != before and (preset := self._preset()) is not None:
            await self._show_preset(preset)

    @on(Select.Changed, "#device")
    def _fit_device(self) -> None:
        """Suggest a number of environments for the device, unless the user typed one."""
        preset = self._preset()
        if preset is not None and self._environments.is_suggested:
            self._suggest_environments(preset)

    def _suggest_environments(self, preset: Preset) -> None:
        self._environments.suggest(preset, self._form.choice("device") or "", self._devices, self._log_root)

    def _preset(self) -> Preset | None:
        return self._own_preset or self._list.presets.get(self._list.highlighted)

    # --- starting ---

    @on(OptionList.OptionSelected, "#presets")
    @on(Input.Submitted)
    @on(Button.Pressed, "#start")
    def action_start(self) -> None:
        """Start the training and go to its dashboard; attach to a running one."""
        row = self._list.highlighted
        if self._starting:
            self._measuring_ended.set()  # if a number is measured
            return
        if row.startswith(ATTACH):
            self.post_message(OpenRun(RunFolder(Path(row.removeprefix(ATTACH)))))
        elif row.startswith(CONTINUE):
            if self._list.runs.continued is not None:
                self._begin(self._list.runs.continued)
        elif self._devices:
            self._start_preset()

    def _start_preset(self) -> None:
        try:
            preset = self._form.preset_file() or self._preset()
            if preset is None:
                self._form.show_problem(self._problems.get(self._list.highlighted, ""))
                return
            spec = make_spec(preset, self._form.overrides(self._log_root), self._devices)
        except UsageError as error:
            self._form.show_problem(str(error), error.field if isinstance(error, SpecError) else "")
            return
        if self._environments.is_auto:
            self._form.show_problem("")
            self._set_starting(True, MEASURING)
            self._measuring_ended.clear()
            self._measure(spec)
        else:
            self._begin(spec)

    @work
    async def _measure(self, spec: RunSpec) -> None:
        """Find the number of environments in a thread, and start with it; a press of the button ends that."""
        try:
            chosen = await asyncio.to_thread(
                choose_showing,
                spec,
                self._devices,
                show=lambda text: self.post_message(self.Measured(text)),
                is_cancelled=self._measuring_ended.is_set,
            )
        except UserError as error:
            self._set_starting(False)
            self._form.show_progress("")
            is_wanted = isinstance(error, ProbingCancelled)
            self._form.show_problem("" if is_wanted else str(error), "" if is_wanted else "num_envs")
            return
        self._form.show_progress(chosen_text(chosen))
        self._begin(with_environments(spec, chosen))

    @on(Measured)
    def _show_measured(self, message: Measured) -> None:
        if self._starting:
            self._form.show_progress(message.text)

    def on_unmount(self) -> None:
        """End a measurement; its thread is waited for when the program ends."""
        self._measuring_ended.set()

    def _begin(self, spec: RunSpec) -> None:
        self._form.show_problem("")
        self._set_starting(True)
        self._start(spec)

    @work
    async def _start(self, spec: RunSpec) -> None:
        """Launch and go to the dashboard; a refused launch is reported here. Another Python may have to be probed."""
        try:
            folder = await start_run(self, spec, self._log_root)
        except LaunchError as error:
            self._set_starting(False)
            self._form.show_problem(str(error), self._form.quoted_field(str(error)))
            return
        if folder is None:
            self._set_starting(False)
        else:
            self.post_message(OpenRun(folder))

    def _set_starting(self, starting: bool, label: str = "Starting…") -> None:
        """Show on the button that the training starts, and block a second start."""
        self._starting = starting
        self.query_one("#start", Button).label = label if starting else label_of(self._list.highlighted)

    def action_search(self) -> None:
        """Search the list."""
        self._list.open_search()

    def action_runs(self) -> None:
        self.post_message(ShowRuns())

    def action_leave(self) -> None:
        self.app.exit()
