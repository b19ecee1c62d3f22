"""The dialog that chooses the watched runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.session.text import plain
from tui.session.watch.log_folder import LoggedRun
from tui.session.watch.status import ago
from tui.widgets.dialogs import Dialog
from tui.widgets.key_table import key

_KIB, _MIB = 1024, 1024**2
_TICKED, _NOT_TICKED = "[✓]", "[ ]"


class RunList(OptionList):
    """The runs with their ticks.

    It has the keys itself: keys of the dialog would overtake arrow keys typed just before them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        key("space", "screen.tick", "tick", "Tick this run, or untick it", id="watch-runs.tick", footer=True),
        key("enter", "screen.done", "watch", "Watch the ticked runs", id="watch-runs.done", footer=True),
    ]


class ChooseRuns(Dialog[list[str] | None]):
    """Lists the runs, newest first; returns the names of the ticked ones."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape", "dismiss(None)", "cancel", "Keep the current runs", id="watch-runs.leave", footer=True),
    ]
    DEFAULT_CSS = """
    ChooseRuns { align: center middle; }
    ChooseRuns > Vertical {
        width: 90%; max-width: 110; height: auto; max-height: 80%;
        border: round $border; background: $surface; padding: 0 1;
    }
    ChooseRuns OptionList, ChooseRuns OptionList:focus {
        height: auto; max-height: 30; border: none; padding: 0; background: $surface;
    }
    ChooseRuns .problem { display: none; }
    ChooseRuns.-problem .problem { display: block; }
    """

    def __init__(self, runs: Sequence[LoggedRun], chosen: Sequence[str], most: int) -> None:
        """Offer `runs`, of which at most `most` can be watched at once."""
        super().__init__()
        self._runs = runs
        self._ticked = {run.name for run in runs if run.name in chosen}
        self._most = most
        self._now = time.time()

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "runs (Space toggles, Enter watches)"
            yield RunList(*(Option(self._line(run)) for run in self._runs))
            yield Static("", classes="problem", markup=False)

    def on_mount(self) -> None:
        """Select the first watched run."""
        self._list.highlighted = next((i for i, run in enumerate(self._runs) if run.name in self._ticked), 0)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Tick the clicked run; Enter is a key of the list."""
        event.stop()
        self.action_tick()

    def action_tick(self) -> None:
        """Tick or untick the selected run."""
        place = self._list.highlighted
        if place is not None:
            self._ticked ^= {self._runs[place].name}
            self._list.replace_option_prompt_at_index(place, self._line(self._runs[place]))
            self.remove_class("-problem")

    def action_done(self) -> None:
        """Return the ticked runs; the selected run if none is ticked."""
        ticked = [run.name for run in self._runs if run.name in self._ticked]
        if not ticked and self._list.highlighted is not None:
            ticked = [self._runs[self._list.highlighted].name]
        if len(ticked) > self._most:
            problem = f"expected at most {self._most} ticked runs, got {len(ticked)}"
            self.query_one(".problem", Static).update(problem)
            self.add_class("-problem")
        else:
            self.dismiss(ticked)

    @property
    def _list(self) -> RunList:
        return self.query_one(RunList)

    def _line(self, run: LoggedRun) -> Content:
        size = f"{run.size / _MIB:.1f} MiB" if run.size >= _MIB else f"{run.size / _KIB:.0f} KiB"
        sign = _TICKED if run.name in self._ticked else _NOT_TICKED
        return Content(plain(f"{sign} {run.name}  {ago((self._now - run.changed) // 1)} ago, {size}"))
