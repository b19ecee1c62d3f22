"""A followed run among others: fold, metric history and marks of its frames."""

from __future__ import annotations

from collections.abc import Sequence

from trainer_proc.contract.messages import Frame
from trainer_proc.contract.run_folder import RunFolder
from tui.session.board.chart_source import ChartSource
from tui.session.interventions.marks import MarkLog
from tui.session.metrics.history import MetricHistory
from tui.session.runs.compare import ComparedRun, recorded_code
from tui.session.state import RunState, RunStatus
from tui.session.status_text import STATUS_SIGNS


class FollowedRun:
    """One of several runs on shared charts; `name` is unique among them."""

    def __init__(self, folder: RunFolder, name: str) -> None:
        """Read the run's spec. Raises `RunFolderError`."""
        self.folder = folder
        self.name = name
        self.spec = folder.read_spec()
        self.code = recorded_code(folder)
        self.state = RunState()
        self.history = MetricHistory()
        self.is_live = False
        self.problem = ""
        """Why no more frames come; empty while the run is followed."""
        self._marks = MarkLog()

    def take(self, frames: Sequence[Frame], is_live: bool) -> None:
        """Apply new frames, and whether the trainer lives."""
        self.is_live = is_live
        self.history.apply(list(frames))
        for frame in frames:
            self.state.apply(frame)
        self._marks.take(self.state)

    @property
    def status(self) -> RunStatus:
        return self.state.status(self.is_live)

    @property
    def status_text(self) -> str:
        """Status with its sign; `lost` if the run is not followed any more."""
        return "✘ lost" if self.problem else f"{STATUS_SIGNS[self.status]} {self.status}"

    @property
    def compared(self) -> ComparedRun:
        return ComparedRun(self.name, self.spec, self.state, self.code)

    @property
    def source(self) -> ChartSource:
        return ChartSource(self.name, self.history, self._marks.marks, self.spec.backend)

    @property
    def hidden_source(self) -> ChartSource:
        """Empty source for a hidden run, so that the others keep their signs."""
        return ChartSource(f"{self.name} (hidden)", MetricHistory())
