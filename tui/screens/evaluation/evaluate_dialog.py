"""The dialog that asks how to evaluate a policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Label, Static

from trainer_proc.contract.evaluation import SUITES, SuiteName
from tui.session.backends.devices import Device
from tui.session.evaluations.suites import SUITE_TEXTS
from tui.session.text import plain, plain_lines
from tui.widgets.dialogs import FormDialog
from tui.widgets.inline_select import InlineSelect
from tui.widgets.key_table import key


class EvaluateDialog(FormDialog[tuple[SuiteName, str] | None]):
    """Asks for suite and device of an evaluation; returns both, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape", "dismiss(None)", "cancel", "Close without an evaluation", id="evaluate.cancel", footer=True),
        key("enter", "evaluate", "evaluate", "Start the evaluation", id="evaluate.start", footer=True),
    ]
    DEFAULT_CSS = """
    EvaluateDialog > VerticalScroll { width: 78; }
    EvaluateDialog Label { width: 8; }
    EvaluateDialog #policy { width: 1fr; }
    EvaluateDialog #note { color: $text-muted; }
    """
    AUTO_FOCUS = "#suite"

    def __init__(self, policy: str, suite: SuiteName, devices: Sequence[Device], device: str) -> None:
        """Ask about `policy`, its file name, with this suite and device chosen at first."""
        super().__init__()
        self._policy = policy
        self._suite = suite
        self._devices = devices
        self._device = device

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False) as box:
            box.border_title = "Evaluate"
            box.border_subtitle = "Enter evaluates  Tab next  Esc cancels"
            with Horizontal(classes="line"):
                yield Label("policy")
                yield Static(plain(self._policy), id="policy", markup=False)
            with Horizontal(classes="line"):
                yield Label("suite")
                yield InlineSelect(SUITES, self._suite, id="suite")
            with Horizontal(classes="line"):
                yield Label("device")
                yield InlineSelect(tuple(device.name for device in self._devices), self._device, id="device")
            yield Static("", id="note", markup=False)

    def on_mount(self) -> None:
        self._show_note()

    def on_inline_select_changed(self) -> None:
        """Describe what is chosen."""
        self._show_note()

    def action_evaluate(self) -> None:
        self.dismiss((self._chosen_suite, self.query_one("#device", InlineSelect).value))

    @property
    def _chosen_suite(self) -> SuiteName:
        return cast(SuiteName, self.query_one("#suite", InlineSelect).value)

    def _show_note(self) -> None:
        device = self.query_one("#device", InlineSelect).value
        title = next((str(one) for one in self._devices if one.name == device), device)
        self.query_one("#note", Static).update(plain_lines(f"{SUITE_TEXTS[self._chosen_suite]}\n{title}"))
