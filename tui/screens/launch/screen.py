"""The launch screen: choose a preset, set its options, start the training."""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Button, Input, Label, OptionList, Select, Static
from textual.widgets.option_list import Option

from curricula.errors import UsageError
from presets import Preset, list_presets
from presets.preset import LIBRARIES, PHYSICS
from trainer_proc.contract.run_folder import RunSpec
from tui.navigation import OpenRun, ShowRuns
from tui.session.backends.devices import Device, list_devices
from tui.session.launching.launcher import (
    LaunchError,
    Overrides,
    SpecError,
    launch,
    make_spec,
    suggested_environments,
)
from tui.session.launching.override_text import parse_override_value
from tui.session.launching.refusal import wait_until_accepted
from tui.session.text import plain
from tui.widgets.field import Field
from tui.widgets.key_footer import KeyFooter
from tui.widgets.key_table import key

_TITLE = "start a training"
_START = "Start (Enter)"
_HUMANOID_PRESET, _FIRST_CONTACT_PRESET = "g1-walk", "cartpole"


class LaunchScreen(Screen[None]):
    """Opens ready to train: Enter starts the highlighted preset with the values shown."""

    CSS_PATH = "launch.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("ctrl+s", "start", "start", "Start this training", id="launch.start", footer=True),
        key("r", "runs", "runs", "List all runs", id="launch.runs", footer=True),
        key("q", "leave", "quit", "Quit the program", id="launch.quit", footer=True),
    ]

    @dataclass
    class DevicesFound(Message):
        """The devices of this machine were detected."""

        devices: list[Device]

    def __init__(self, log_root: Path, preset: str = "") -> None:
        """Start runs in `log_root`; begin at this preset, or at one that suits the machine."""
        super().__init__()
        self._log_root = log_root
        self._preset_at_start = preset
        self._presets: dict[str, Preset] = {}
        self._problems: dict[str, str] = {}
        self._devices: list[Device] = []
        self._suggested_environments = ""
        self._starting = False

    def compose(self) -> ComposeResult:
        yield Static(_TITLE, classes="title-line", id="title", markup=False)
        with Horizontal(id="launch"):
            yield OptionList(id="presets")
            with VerticalScroll(id="form", can_focus=False):
                yield Static(id="description", markup=False)
                yield Vertical(id="needs")
                for field, label in (
                    ("device", "device"),
                    ("num-envs", "environments"),
                    ("iterations", "iterations"),
                    ("seed", "seed"),
                    ("run-name", "name"),
                ):
                    with Horizontal(classes="field"):
                        yield Label(label)
                        yield self._widget_for(field)
                with Vertical(id="isaac-lab"):
                    for field, label in (
                        ("task", "task"),
                        ("physics", "physics"),
                        ("library", "library"),
                        ("arguments", "arguments"),
                    ):
                        with Horizontal(classes="field"):
                            yield Label(label)
                            yield self._widget_for(field)
                with Vertical(id="start-row"):
                    yield Button(_START, variant="primary", id="start")
                    yield Static(id="problem", classes="problem", markup=False)
        yield KeyFooter()

    def _widget_for(self, field: str) -> Select[str] | Input:
        match field:
            case "device":
                return Select([("detecting devices…", "")], allow_blank=False, id=field, compact=True)
            case "physics" | "library":
                choices = PHYSICS if field == "physics" else LIBRARIES
                return Select([(choice, choice) for choice in choices], prompt="", id=field, compact=True)
            case "task":
                return Field(placeholder="from the preset", id=field, compact=True)
            case "arguments":
                return Field(placeholder="env.sim.dt=0.002 presets=NAME …", id=field, compact=True)
            case "run-name":
                return Field(placeholder="optional; part of the folder name", id=field, compact=True)
            case _:
                return Field("42" if field == "seed" else "", type="integer", id=field, compact=True)

    def on_mount(self) -> None:
        """List the presets and detect devices, which may take a moment on a GPU machine."""
        presets, problems = list_presets()
        self._presets = {preset.name: preset for preset in presets}
        self._problems = {problem.name: str(problem) for problem in problems}
        options = self.query_one("#presets", OptionList)
        options.border_title = "presets"
        options.add_options([Option(Content(plain(name)), id=name) for name in self._presets])
        options.add_options([Option(Content(f"{plain(name)} !"), id=name) for name in self._problems])
        if self._preset_at_start in self._presets:
            options.highlighted = list(self._presets).index(self._preset_at_start)
        options.focus()
        self.call_after_refresh(self._find_devices)

    @work(thread=True)
    def _find_devices(self) -> None:
        self.post_message(self.DevicesFound(list_devices()))

    @on(DevicesFound)
    def _show_devices(self, message: DevicesFound) -> None:
        self._devices = message.devices
        select = self.query_one("#device", Select)
        select.set_options([(str(device), device.name) for device in message.devices])
        select.value = message.devices[0].name
        preset = _HUMANOID_PRESET if message.devices[0].name != "cpu" else _FIRST_CONTACT_PRESET
        options = self.query_one("#presets", OptionList)
        if options.highlighted is None and preset in self._presets:  # else the user was faster
            options.highlighted = list(self._presets).index(preset)

    @on(OptionList.OptionHighlighted, "#presets")
    async def _show_preset(self) -> None:
        """Show description and values of the highlighted preset, or its error."""
        preset = self._preset()
        title = f"{_TITLE}: {self._highlighted()}"  # the list may truncate the name
        self.query_one("#title", Static).update(plain(title))
        self._show_problem("")
        if preset is None:
            self._describe(self._problems.get(self._highlighted(), ""))
            await self._show_required({})
            return
        needs = preset.needs_text()
        where = f"task {preset.task} on {preset.backend}" + (f"\nneeds {needs}" if needs else "")
        self._describe(f"{preset.title}\n\n{preset.description}\n\n{where}")
        wanted = {path: what for path, what in preset.needs.overrides.items() if path not in preset.overrides}
        await self._show_required(wanted)
        self.query_one("#iterations", Input).value = str(preset.iterations)
        self._suggest_environments(preset)
        self._show_isaac_lab(preset)

    def _show_isaac_lab(self, preset: Preset) -> None:
        """Show the options of Isaac Lab with the choice of the preset; clear what was typed before."""
        self.query_one("#isaac-lab").display = preset.backend == "isaaclab"
        self.query_one("#task", Input).placeholder = preset.task
        for field, own, default in (
            ("physics", preset.physics, "default of the task"),
            ("library", preset.library, "rsl_rl (default)"),
        ):
            select = self.query_one(f"#{field}", Select)
            select.prompt = f"{own} (from the preset)" if own else default
            select.clear()
        for field in ("task", "arguments"):
            self.query_one(f"#{field}", Input).value = ""

    def _describe(self, text: str) -> None:
        self.query_one("#description", Static).update(plain(text))

    async def _show_required(self, needed: dict[str, str]) -> None:
        """Show a field for each required override; `needed` describes each by its path."""
        rows = self.query_one("#needs", Vertical)
        await rows.remove_children()
        for path, what in needed.items():
            label = Label(plain(path.rpartition(".")[2].replace("_", " ")), markup=False)
            field = Field(placeholder=plain(what), name=path, compact=True)
            await rows.mount(Horizontal(label, field, classes="field"))

    @on(Select.Changed, "#device")
    def _fit_device(self) -> None:
        """Suggest a number of environments for the device, unless the user typed one."""
        preset = self._preset()
        if preset is not None and self.query_one("#num-envs", Input).value == self._suggested_environments:
            self._suggest_environments(preset)

    def _suggest_environments(self, preset: Preset) -> None:
        device = self._device()
        number = suggested_environments(preset, device, self._devices) if device else ""
        self._suggested_environments = str(number)
        self.query_one("#num-envs", Input).value = self._suggested_environments

    @on(OptionList.OptionSelected, "#presets")
    @on(Input.Submitted)
    @on(Button.Pressed, "#start")
    def action_start(self) -> None:
        """Start the training and go to its dashboard."""
        preset = self._preset()
        if preset is None:
            self._show_problem(self._problems.get(self._highlighted(), ""))
        if preset is None or not self._devices or self._starting:
            return
        try:
            overrides = Overrides(
                num_envs=self._whole_number("num-envs", "environments"),
                iterations=self._whole_number("iterations", "iterations"),
                device=self._device(),
                seed=self._whole_number("seed", "seed"),
                name=self.query_one("#run-name", Input).value.strip(),
                overrides=self._needed_overrides(),
                task=self.query_one("#task", Input).value.strip(),
                physics=self._choice("physics"),
                library=self._choice("library"),
                arguments=self._arguments(),
            )
            spec = make_spec(preset, overrides, self._devices)
        except UsageError as error:
            self._show_problem(str(error))
            return
        self._show_problem("")
        self._set_starting(True)
        self._start(spec)

    @work
    async def _start(self, spec: RunSpec) -> None:
        """Launch and go to the dashboard; a refused launch is reported here. Another Python may have to be probed."""
        try:
            folder = await asyncio.to_thread(launch, spec, self._log_root)
            await wait_until_accepted(folder)
        except LaunchError as error:
            self._set_starting(False)
            self._show_problem(str(error))
            return
        self.post_message(OpenRun(folder))

    def _set_starting(self, starting: bool) -> None:
        """Show on the button that the training starts, and block a second start."""
        self._starting = starting
        self.query_one("#start", Button).label = "Starting…" if starting else _START

    def action_runs(self) -> None:
        self.post_message(ShowRuns())

    def action_leave(self) -> None:
        self.app.exit()

    def _highlighted(self) -> str:
        highlighted = self.query_one("#presets", OptionList).highlighted_option
        return (highlighted.id or "") if highlighted is not None else ""

    def _preset(self) -> Preset | None:
        return self._presets.get(self._highlighted())

    def _needed_overrides(self) -> dict[str, object]:
        """Return the typed values of the required overrides."""
        fields = self.query("#needs Input").results(Input)
        return {field.name or "": parse_override_value(field.value) for field in fields if field.value.strip()}

    def _arguments(self) -> tuple[str, ...]:
        """Return the arguments as a shell splits them."""
        try:
            return tuple(shlex.split(self.query_one("#arguments", Input).value))
        except ValueError as error:
            raise SpecError(f"cannot parse the arguments: {error}") from None

    def _device(self) -> str:
        return self._choice("device") or ""

    def _choice(self, field: str) -> str | None:
        value = self.query_one(f"#{field}", Select).value
        return value if isinstance(value, str) else None

    def _whole_number(self, field: str, label: str) -> int:
        text = self.query_one(f"#{field}", Input).value
        try:
            return int(text)
        except ValueError:
            raise SpecError(f"{label}: expected a whole number, got {text!r}") from None

    def _show_problem(self, problem: str) -> None:
        self.query_one("#problem", Static).update(plain(problem))
        if problem:  # it may be below the end of a low screen
            self.call_after_refresh(self.query_one("#form", VerticalScroll).scroll_end, animate=False)
