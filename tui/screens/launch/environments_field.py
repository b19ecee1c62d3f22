"""The field of the number of environments: suggested for a preset and device, typed, or `auto`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Label, Static
from textual.worker import get_current_worker

from presets import Preset
from tui.session.backends.devices import Device
from tui.session.launching.launcher import suggested_environments
from tui.session.probing.choose import AUTO
from tui.session.probing.records import Advice, advice_on
from tui.session.text import plain
from tui.widgets.field import Field

NUM_ENVS = "num-envs"
_COUNT = rf"\d*|{'|'.join(AUTO[:length] for length in range(1, len(AUTO) + 1))}"
"""What may stand in the field while it is typed."""


class EnvironmentsField(Vertical):
    """Suggests a number, and shows below it what earlier runs of the preset tell."""

    @dataclass
    class RecordsFound(Message):
        """Records of earlier runs of a preset were read."""

        preset: Preset
        device: str
        advice: Advice

    def __init__(self) -> None:
        super().__init__()
        self._suggested = ""
        self._asked: tuple[Preset, str] | None = None
        """Preset and device that the number was suggested for last."""

    def compose(self) -> ComposeResult:
        yield Horizontal(Label("environments"), Field(restrict=_COUNT, id=NUM_ENVS, compact=True), classes="field")
        yield Static(id="record", markup=False)

    @property
    def _number(self) -> Input:
        return self.query_one(f"#{NUM_ENVS}", Input)

    @property
    def is_suggested(self) -> bool:
        """Whether the number is the suggested one: the user has typed no other."""
        return self._number.value == self._suggested

    @property
    def is_auto(self) -> bool:
        """Whether the number is to be measured."""
        return self._number.value.strip() == AUTO

    def suggest(self, preset: Preset, device: str, devices: Sequence[Device], log_root: Path) -> None:
        """Show the number for a preset on a device, and soon what runs in `log_root` tell; no `device` is empty."""
        self._suggested = str(suggested_environments(preset, device, devices)) if device else ""
        self._number.value = self._suggested
        self._asked = preset, device
        self._show_record("")
        if device:
            self._find_records(preset, device, devices, log_root)

    @work(thread=True, exclusive=True, group="records")
    def _find_records(self, preset: Preset, device: str, devices: Sequence[Device], log_root: Path) -> None:
        advice = advice_on(preset, device, devices, log_root)
        if advice is not None and not get_current_worker().is_cancelled:
            self.post_message(self.RecordsFound(preset, device, advice))

    @on(RecordsFound)
    def _show_records(self, message: RecordsFound) -> None:
        """Show what earlier runs tell, with the number that fits by them, unless the user typed one."""
        if self._asked == (message.preset, message.device) and self.is_suggested:
            self._suggested = self._number.value = str(message.advice.num_envs)
            self._show_record(message.advice.text.partition(": ")[2])  # the number stands above

    def _show_record(self, text: str) -> None:
        record = self.query_one("#record", Static)
        record.update(plain(text))
        record.display = bool(text)
