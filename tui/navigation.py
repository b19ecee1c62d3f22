"""Messages by which a screen, or the command palette, asks the program for another screen or for a global change.

They bubble up to the app, which alone knows all screens. So screens import neither the app nor each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.message import Message

from trainer_proc.contract.run_folder import RunFolder

if TYPE_CHECKING:  # numpy comes with it: not for the first paint
    from tui.charts.description import ChartDescription
    from tui.session.metrics.early_reader import EarlyReader
    from tui.session.runs.run_index import RunOrigin


@dataclass
class ShowLaunch(Message):
    """Show the launch screen, with `preset` highlighted if it is named."""

    preset: str = ""


@dataclass
class ShowRuns(Message):
    """Show the list of runs."""


@dataclass
class OpenRun(Message):
    """Show the dashboard of the run in `folder`; a reader of its `journal` may have begun."""

    folder: RunFolder
    journal: EarlyReader | None = None


@dataclass
class OpenHostRun(Message):
    """Show the dashboard of a run on a host."""

    origin: RunOrigin


@dataclass
class ShowEvaluations(Message):
    """Show the evaluations of the run in `folder`."""

    folder: RunFolder


@dataclass
class ShowCompare(Message):
    """Show the runs in `folders` on shared charts."""

    folders: Sequence[RunFolder]


@dataclass
class ShowExperiment(Message):
    """Show the members of the experiment in `folder`."""

    folder: Path


@dataclass
class ShowWatch(Message):
    """Watch the event files in `folder`: the runs with one of `wanted` in their names, else the newest run."""

    folder: Path
    wanted: Sequence[str] = ()


@dataclass
class ShowRollouts(Message):
    """Play one rollout file, or two in step; `run` is the run to go back to."""

    files: Sequence[Path]
    run: RunFolder | None = None


ScreenMessage = (
    ShowLaunch | ShowRuns | OpenRun | ShowCompare | ShowEvaluations | ShowExperiment | ShowWatch | ShowRollouts
)
"""Messages that ask for a screen."""


@dataclass
class ExportView(Message):
    """Open the export dialog for the screen and the `charts` of its `page`.

    `chosen` is the index of the chosen chart, -1 if there is none. `prefers_chosen` preselects that chart.
    """

    charts: Sequence[ChartDescription] = ()
    chosen: int = -1
    page: str = ""
    prefers_chosen: bool = False


@dataclass
class ChangeSetting(Message):
    """Change a setting and store it in the settings file: `name` in `table` becomes `value`."""

    table: str
    name: str
    value: Any


@dataclass
class CopyText(Message):
    """Copy `text` to the clipboard and confirm it."""

    text: str
