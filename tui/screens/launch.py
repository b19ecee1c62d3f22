"""The launch screen: choose a preset, look at what will run, start it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Button, Footer, Input, Label, OptionList, Select, Static
from textual.widgets.option_list import Option

from presets import Preset, PresetError, list_presets
from tui.session.devices import Device, list_devices
from tui.session.launcher import ImpossibleSpec, LaunchError, Overrides, launch, make_spec
from tui.widgets.field import Field

_HUMANOID_PRESET, _FIRST_CONTACT_PRESET = "g1-flat", "cartpole"


class LaunchScreen(Screen[None]):
    """Opens ready to train: Enter starts the highlighted preset with the values shown."""

    CSS_PATH = "launch.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "start", "start", tooltip="Start this training"),
        Binding("r", "runs", "runs", tooltip="List the runs on disk"),
        Binding("q", "leave", "quit"),
    ]

    class DevicesFound(Message):
        """The devices of this machine are known."""

        def __init__(self, devices: list[Device]) -> None:
            super().__init__()
            self.devices = devices

    def __init__(self, log_root: Path) -> None:
        """Start runs in `log_root`."""
        super().__init__()
        self._log_root = log_root
        self._presets: dict[str, Preset] = {}
        self._suggested_environments = ""
        self._starting = False

    def compose(self) -> ComposeResult:
        """Lay out the presets, the form and the description."""
        yield Static("humanoid-tui: start a training", classes="title-line")
        with Horizontal(id="launch"):
            yield OptionList(id="presets")
            with VerticalScroll(id="form", can_focus=False):
                yield Static(id="description", markup=False)
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
                with Vertical(id="start-row"):
                    yield Button("Start (Enter)", variant="primary", id="start")
                    yield Static(id="problem", classes="problem", markup=False)
        yield Footer()

    def _widget_for(self, field: str) -> Select[str] | Input:
        match field:
            case "device":
                return Select([("looking for devices…", "")], allow_blank=False, id=field, compact=True)
            case "run-name":
                return Field(placeholder="optional, part of the run's folder", id=field, compact=True)
            case _:
                return Field("42" if field == "seed" else "", type="integer", id=field, compact=True)

    def on_mount(self) -> None:
        """Fill in the presets and look for devices, which may take a moment on a GPU box."""
        try:
            self._presets = {preset.name: preset for preset in list_presets()}
        except PresetError as error:
            self._tell(str(error))
        options = self.query_one("#presets", OptionList)
        options.border_title = "presets"
        options.add_options([Option(Content(name), id=name) for name in self._presets])
        options.focus()
        self.call_after_refresh(self._find_devices)

    @work(thread=True)
    def _find_devices(self) -> None:
        self.post_message(self.DevicesFound(list_devices()))

    @on(DevicesFound)
    def _show_devices(self, message: DevicesFound) -> None:
        select = self.query_one("#device", Select)
        select.set_options([(str(device), device.name) for device in message.devices])
        select.value = message.devices[0].name
        preset = _HUMANOID_PRESET if message.devices[0].name != "cpu" else _FIRST_CONTACT_PRESET
        options = self.query_one("#presets", OptionList)
        if options.highlighted is None and preset in self._presets:  # else the person was faster
            options.highlighted = list(self._presets).index(preset)

    @on(OptionList.OptionHighlighted, "#presets")
    def _show_preset(self) -> None:
        """Show the highlighted preset's description and its values."""
        preset = self._preset()
        if preset is None:
            return
        title = f"{preset.title}\n\n{preset.description}\n\ntask {preset.task} on {preset.backend}"
        self.query_one("#description", Static).update(title)
        self.query_one("#iterations", Input).value = str(preset.iterations)
        self._suggest_environments(preset)

    @on(Select.Changed, "#device")
    def _fit_device(self) -> None:
        """Change the number of environments with the device, but not one that was typed."""
        preset = self._preset()
        if preset is not None and self.query_one("#num-envs", Input).value == self._suggested_environments:
            self._suggest_environments(preset)

    def _suggest_environments(self, preset: Preset) -> None:
        device = self._device()
        self._suggested_environments = str(preset.environments_on(device)) if device else ""
        self.query_one("#num-envs", Input).value = self._suggested_environments

    @on(OptionList.OptionSelected, "#presets")
    @on(Input.Submitted)
    @on(Button.Pressed, "#start")
    def action_start(self) -> None:
        """Start the training and go to its dashboard."""
        preset = self._preset()
        if preset is None or not self._device() or self._starting:
            return
        try:
            overrides = Overrides(
                num_envs=self._whole_number("num-envs", "environments"),
                iterations=self._whole_number("iterations", "iterations"),
                device=self._device(),
                seed=self._whole_number("seed", "the seed"),
                name=self.query_one("#run-name", Input).value.strip(),
            )
            spec = make_spec(preset, overrides, self._device())
            self._starting = True
            folder = launch(spec, self._log_root)
        except (ImpossibleSpec, LaunchError) as error:
            self._starting = False
            self._tell(str(error))
            return
        self._tell("")
        self.app.show_dashboard(folder)  # type: ignore[attr-defined]

    def action_runs(self) -> None:
        """Go to the list of runs."""
        self.app.show_runs()  # type: ignore[attr-defined]

    def action_leave(self) -> None:
        """Leave the program."""
        self.app.exit()

    def _preset(self) -> Preset | None:
        highlighted = self.query_one("#presets", OptionList).highlighted_option
        return self._presets.get(highlighted.id or "") if highlighted is not None else None

    def _device(self) -> str:
        value = self.query_one("#device", Select).value
        return value if isinstance(value, str) else ""

    def _whole_number(self, field: str, label: str) -> int:
        text = self.query_one(f"#{field}", Input).value
        try:
            return int(text)
        except ValueError:
            raise ImpossibleSpec(f"{label} must be a whole number") from None

    def _tell(self, problem: str) -> None:
        self.query_one("#problem", Static).update(problem)
