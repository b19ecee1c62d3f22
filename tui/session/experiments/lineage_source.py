"""The curve of a member of a population: the rounds that led to its policy, also those of members that it copied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from trainer_proc.contract.run_folder import RunFolder
from tui.session.experiments.group_source import GroupHistory, GroupSource
from tui.session.experiments.mean_series import CombinedSeries
from tui.session.interventions.marks import Mark
from tui.session.metrics.series import Series
from tui.session.runs.checkpoints import first_iteration
from tui.session.runs.followed import FollowedRun

_ENDLESS = 2**62


class JoinedSeries(CombinedSeries):
    """The runs' points one after another, of each run those before its end in `ends`."""

    def __init__(self, members: Sequence[Series], ends: Sequence[int]) -> None:
        super().__init__(members)
        self._ends = tuple(ends)

    def _points(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        iterations, values = np.zeros(0, np.int64), np.zeros(0, np.float32)
        for member, end in zip(self._members, self._ends, strict=True):
            xs, ys = member.xs, member.ys
            if len(xs):
                before, own = iterations < xs[0], xs < end
                iterations = np.concatenate([iterations[before], xs[own]])
                values = np.concatenate([values[before], ys[own]])
        return iterations, values


class JoinedMarks(Sequence[Mark]):
    """Marks of all rounds, which may grow, without those of values that a checkpoint brought along."""

    def __init__(self, runs: Sequence[FollowedRun], ends: Sequence[int]) -> None:
        self._parts = tuple(zip(runs, ends, strict=True))

    @overload
    def __getitem__(self, index: int) -> Mark: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Mark]: ...
    def __getitem__(self, index: int | slice) -> Mark | Sequence[Mark]:
        return list(self._marks())[index]

    def __len__(self) -> int:
        return sum(1 for _ in self._marks())

    def _marks(self) -> Iterator[Mark]:
        for run, end in self._parts:
            changes = run.state.interventions.values()
            carried = {f"#{change.number}" for change in changes if change.origin == "checkpoint"}
            yield from (one for one in run.source.marks if one.iteration < end and one.label not in carried)


@dataclass(frozen=True)
class LineageRuns:
    """Runs, the oldest first, each continued by the next one."""

    runs: tuple[FollowedRun, ...]

    @property
    def _ends(self) -> list[int]:
        """First iteration of the next run, by run."""
        return [*(first_iteration(run.spec) for run in self.runs[1:]), _ENDLESS]

    def history(self) -> GroupHistory:
        """Return the metrics of all runs, one after another."""
        return GroupHistory([run.history for run in self.runs], partial(JoinedSeries, ends=self._ends))

    def source(self, name: str, history: GroupHistory) -> GroupSource:
        """Return the curve of this name, with `history` and the marks of all runs."""
        return GroupSource(name, history, JoinedMarks(self.runs, self._ends), self.runs[-1].spec.backend)


def parent_of(run: FollowedRun, known: Mapping[Path, RunFolder]) -> RunFolder | None:
    """Return the run that `run` continues, if it is one of these; a run of another experiment is none."""
    return known.get(Path(run.spec.parent)) if run.spec.parent else None
