"""The dialog that chooses which environment is watched."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static

from trainer_proc.contract.robot import Scene, Selection
from tui.session.robot.choices import Choice, choices_for
from tui.widgets.dialogs import Dialog
from tui.widgets.field import Field
from tui.widgets.key_table import key

_TITLE_WIDTH = 16


class ChooseEnvironment(Dialog[Selection | None]):
    """Takes a number, or offers a choice by value; returns the selection."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape", "dismiss(None)", "cancel", "Keep the current environment", id="robot-choice.cancel"),
        key("up", "move(-1)", "up", "Previous choice", id="robot-choice.up"),
        key("down", "move(1)", "down", "Next choice", id="robot-choice.down"),
    ]
    DEFAULT_CSS = """
    ChooseEnvironment { align: center middle; }
    ChooseEnvironment > Vertical {
        width: 72; max-width: 100%; height: auto; max-height: 90%;
        border: round $border; background: $surface; padding: 0 1;
    }
    ChooseEnvironment OptionList {
        height: auto; max-height: 14; border: none; padding: 0; background: $surface; scrollbar-size: 0 1;
    }
    ChooseEnvironment .problem { display: none; }
    ChooseEnvironment.-problem .problem { display: block; }
    """

    def __init__(self, scene: Scene, viewer: str) -> None:
        """Offer the environments of `scene`; see `choices_for` for `viewer`."""
        super().__init__()
        self._scene, self._viewer = scene, viewer
        self._found: list[Choice] = []

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Watch environment"
            box.border_subtitle = "Enter watches  ↑ ↓ choose  Esc cancels"
            yield Field(placeholder=f"number from 0 to {self._scene.num_envs - 1}, or a choice below", compact=True)
            offered = OptionList(markup=False)
            offered.can_focus = False
            yield offered
            yield Static("", classes="problem", markup=False)

    def on_mount(self) -> None:
        self._offer()

    def action_move(self, by: int) -> None:
        offered = self.query_one(OptionList)
        if self._found:
            offered.highlighted = min(max((offered.highlighted or 0) + by, 0), len(self._found) - 1)

    @on(Input.Changed)
    def _offer(self) -> None:
        typed = self.query_one(Field).value
        self._found = choices_for(self._scene, typed, self._viewer)
        offered = self.query_one(OptionList)
        offered.clear_options()
        offered.add_options(Content(f"{choice.title:<{_TITLE_WIDTH}} {choice.text}") for choice in self._found)
        offered.highlighted = 0 if self._found else None
        self.set_class(not self._found, "-problem")
        problem = f"expected a number from 0 to {self._scene.num_envs - 1} or a choice, got {typed}"
        self.query_one(".problem", Static).update(problem)

    @on(Input.Submitted)
    def _choose(self) -> None:
        place = self.query_one(OptionList).highlighted
        if place is not None and place < len(self._found):
            self.dismiss(self._found[place].selection)

    @on(OptionList.OptionSelected)
    def _choose_clicked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._found[event.option_index].selection)
