"""The dialog that continues a run, or forks it: a new run from one of its checkpoints."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Input, Label, Static

from curricula.errors import UserError
from trainer_proc.contract.run_folder import RunFolder
from tui.session.launching.continue_offer import ContinueOffer, accepted_spec, offer_for
from tui.session.text import plain, plain_lines
from tui.widgets.dialogs import FormDialog
from tui.widgets.field import Field
from tui.widgets.inline_select import InlineSelect
from tui.widgets.key_table import key
from tui.widgets.start_run import start_run

_AGAIN, _NOT = "make again", "leave out"
_MOST_DIGITS = 18
"""Python refuses to read thousands of them."""
_FIELDS = (("checkpoint", "checkpoint"), ("num-envs", "envs"), ("iterations", "iterations"))


class ContinueDialog(FormDialog[RunFolder | None]):
    """Asks how to continue a run and starts it; returns the new run, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape", "dismiss(None)", "cancel", "Close without a new run", id="continue.cancel", footer=True),
        key("enter", "start", "start", "Start the new run", id="continue.start", footer=True),
    ]
    DEFAULT_CSS = """
    ContinueDialog Label { width: 11; }
    ContinueDialog #offer { color: $text-muted; }
    ContinueDialog .problem { color: $text-error; }
    """
    AUTO_FOCUS = "#iterations"

    def __init__(self, folder: RunFolder, at: int | None = None) -> None:
        """Ask about the run in `folder`, from the checkpoint of iteration `at` at first, or the newest."""
        super().__init__()
        self._folder = folder
        self._at = "" if at is None else str(at)
        self._offer: ContinueOffer | None = None
        self._is_starting = False

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False) as box:
            box.border_title = plain(f"Continue {self._folder.name} as a new run")
            box.border_subtitle = "Enter starts  Tab next  Esc cancels"
            for field, label in _FIELDS:
                with Horizontal(classes="line"):
                    yield Label(label)
                    yield Field(
                        self._at if field == "checkpoint" else "",
                        placeholder="newest; or an iteration, or best" if field == "checkpoint" else "",
                        type="text" if field == "checkpoint" else "integer",
                        id=field,
                        compact=True,
                    )
            with Horizontal(classes="line", id="changes-line"):
                yield Label("changes")
                yield InlineSelect((_AGAIN, _NOT), _NOT if self._at else _AGAIN, id="changes")
            yield Static("reading the run…", id="offer", markup=False)
            yield Static("", id="problem", classes="problem", markup=False)

    def on_mount(self) -> None:
        self._look()

    @on(Input.Changed, "#checkpoint")
    def _look(self) -> None:
        self._offer = None
        self._read(self.query_one("#checkpoint", Input).value.strip())

    @work(exclusive=True, group="offer")
    async def _read(self, at: str) -> None:
        try:
            offer = await asyncio.to_thread(offer_for, self._folder, at or None)
        except (UserError, OSError) as error:
            self.query_one("#offer", Static).update("")
            self._show_problem(str(error))
            return
        self._show_problem("")
        self._offer = offer
        fewer = offer.remedy.num_envs if offer.remedy is not None else None
        self.query_one("#num-envs", Input).value = str(fewer or offer.spec.num_envs)
        self.query_one("#iterations", Input).value = str(offer.spec.iterations)
        self.query_one("#changes-line").display = bool(offer.changes.values)
        self.query_one("#offer", Static).update(plain_lines(offer.lines()))

    @on(Input.Submitted)
    def action_start(self) -> None:
        """Start the run, once the checkpoint was looked at."""
        if self._offer is not None and not self._is_starting:
            self._start(self._offer)

    @work
    async def _start(self, offer: ContinueOffer) -> None:
        self._is_starting = True
        self.query_one("#offer", Static).update("starting…")
        try:
            spec = await asyncio.to_thread(
                accepted_spec,
                offer,
                num_envs=self._number("num-envs"),
                iterations=self._number("iterations"),
                makes_changes=self.query_one("#changes", InlineSelect).value == _AGAIN,
            )
            folder = await start_run(self, spec, self._folder.path.parents[1])
        except UserError as error:
            self._show_problem(str(error))
            folder = None
        self._is_starting = False
        if folder is not None:
            self.dismiss(folder)
        else:
            self.query_one("#offer", Static).update(plain_lines(offer.lines()))

    def _number(self, field: str) -> int:
        text = self.query_one(f"#{field}", Input).value
        return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else 0  # which the spec's check refuses

    def _show_problem(self, problem: str) -> None:
        self.query_one("#problem", Static).update(plain(problem))
