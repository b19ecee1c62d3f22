"""The dialog that chooses which of the runs in a folder of logs are watched."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.session.text import plain
from tui.session.watch.log_folder import LoggedRun
from tui.session.watch.status import ago
from tui.widgets.dialogs import Dialog

_KIB, _MIB = 1024, 1024**2
_TICKED, _NOT_TICKED = "[✓]", "[ ]"


class RunList(OptionList):
    """The runs with their ticks.

    Its keys are its own, not the dialog's: those would overtake the arrows if they came in one piece with them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "screen.tick", "tick", id="watch-runs.tick", tooltip="Watch this run too, or not"),
        Binding("enter", "screen.done", "watch", id="watch-runs.done", tooltip="Watch what is ticked"),
    ]


class ChooseRuns(Dialog[list[str] | None]):
    """Lists the runs, newest first; gives back the names of those that are ticked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "leave", id="watch-runs.leave", tooltip="Leave it as it was"),
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
        """Lay out the list."""
        with Vertical() as box:
            box.border_title = "runs (Space ticks, Enter watches)"
            yield RunList(*(Option(self._line(run)) for run in self._runs))
            yield Static("", classes="problem", markup=False)

    def on_mount(self) -> None:
        """Begin at the first run that is watched."""
        self._list.highlighted = next((i for i, run in enumerate(self._runs) if run.name in self._ticked), 0)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Tick what was clicked; Enter is a key of the dialog."""
        event.stop()
        self.action_tick()

    def action_tick(self) -> None:
        """Tick the run under the cursor, or take the tick away."""
        place = self._list.highlighted
        if place is not None:
            self._ticked ^= {self._runs[place].name}
            self._list.replace_option_prompt_at_index(place, self._line(self._runs[place]))
            self.remove_class("-problem")

    def action_done(self) -> None:
        """Give back what is ticked; the run under the cursor if nothing is."""
        ticked = [run.name for run in self._runs if run.name in self._ticked]
        if not ticked and self._list.highlighted is not None:
            ticked = [self._runs[self._list.highlighted].name]
        if len(ticked) > self._most:
            problem = f"{len(ticked)} runs are ticked; only {self._most} can be told apart on a chart"
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
