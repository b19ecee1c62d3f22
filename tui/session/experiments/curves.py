"""Which curves the charts of an experiment have: means of its groups, and single members on demand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from trainer_proc.contract.run_folder import RunFolder, RunFolderError
from tui.session.board.chart_source import ChartSource
from tui.session.experiments.attempts import MemberState
from tui.session.experiments.group_source import GroupHistory, GroupSource
from tui.session.experiments.lineage import lineage_text
from tui.session.experiments.lineage_source import LineageRuns, parent_of
from tui.session.experiments.ranking import RankedGroup, RankedMember, Ranking
from tui.session.experiments.texts import short_values_text
from tui.session.metrics.history import MetricHistory
from tui.session.runs.followed import FollowedRun

MOST_FOLLOWED = 64
"""Runs whose metrics are held; beyond it, only the newest run of a member whose own curve is shown is followed."""


@dataclass(frozen=True)
class ExperimentRow:
    """A row of the table: a group, or one of several members of a group."""

    key: str
    group: RankedGroup
    member: RankedMember | None
    """Of a group with a single member, that one."""
    is_inside: bool
    """Whether it is a member below the row of its group."""

    @property
    def members(self) -> tuple[RankedMember, ...]:
        """Members whose mean is its curve."""
        return self.group.members if self.member is None else (self.member,)

    @property
    def name(self) -> str:
        """Name of its curve."""
        first = self.group.members[0].state
        values = short_values_text(first.values)
        if first.lineage:
            return f"{first.member.name} {values}"
        if self.is_inside or not values:
            return "all seeds" if self.member is None else self.member.state.member.name
        return values

    @property
    def detail(self) -> str:
        """One line about it: values, seeds, runs and reasons."""
        states = [one.state for one in self.members]
        parts = [self.name]
        if self.member is not None:
            (state,) = states
            parts += [f"seed {state.member.seed}", state.run.name if state.run is not None else ""]
            parts.append(lineage_text(state.lineage))
            parts += [f"attempt {len(state.attempts)}"] * (len(state.attempts) > 1 and not state.lineage)
        else:
            parts.append(f"{len(states)} seeds")
        reason = next((state.reason for state in states if state.status == "failed" and state.reason), "")
        return "  ".join(part for part in (*parts, reason and f"failed: {reason}") if part)


class ExperimentCurves:
    """Groups and members with their places on charts that distinguish `most` curves."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.rows: list[ExperimentRow] = []
        self._places: dict[str, int] = {}
        self._seen: set[str] = set()
        """Groups that have been shown once, or hidden by the user."""
        self._known: dict[Path, RunFolder] = {}
        """All runs of the members."""
        self._followed: dict[Path, FollowedRun] = {}
        self._histories: dict[str, tuple[tuple[int, ...], GroupHistory]] = {}

    def update(self, ranking: Ranking) -> list[FollowedRun]:
        """Take the state of an experiment; return runs to follow from now on. New groups are shown.

        Beyond the number of curves that charts distinguish, they are hidden.
        """
        self.rows = list(_rows(ranking))
        states = [one.state for group in ranking.groups for one in group.members]
        self._known = {attempt.folder.path: attempt.folder for state in states for attempt in state.attempts}
        keys = {row.key for row in self.rows}
        self._places = {key: place for key, place in self._places.items() if key in keys}
        for row in self.rows:
            if not row.is_inside and row.key not in self._seen and any(one.state.run for one in row.members):
                self._seen.add(row.key)
                self.show(row.key)
        return list(self._new_runs())

    def place(self, key: str) -> int | None:
        """Return the place of a row's curve, from 0; None if it is not shown."""
        return self._places.get(key)

    def show(self, key: str) -> bool:
        """Show the curve of a row; return whether there was a place for it."""
        free = sorted(set(range(self._most)).difference(self._places.values()))
        if free and key not in self._places:
            self._places[key] = free[0]
        return key in self._places

    def hide(self, key: str) -> None:
        self._places.pop(key, None)

    def new_runs(self) -> list[FollowedRun]:
        """Return the runs of shown rows that are not followed yet."""
        return list(self._new_runs())

    def sources(self) -> list[ChartSource]:
        """Return what charts draw, by place; an empty source for a free place between others."""
        rows = {place: row for row in self.rows if (place := self._places.get(row.key)) is not None}
        return [
            self._source(rows[place]) if place in rows else ChartSource("(hidden)", MetricHistory())
            for place in range(max(rows, default=-1) + 1)
        ]

    def add_metrics(self) -> None:
        """Let the groups have the metrics that their runs have published since."""
        for _, history in self._histories.values():
            history.update()

    def _source(self, row: ExperimentRow) -> ChartSource:
        chains = [chain for one in row.members if (chain := self._chain(one.state))]
        runs = [chain[-1] for chain in chains]
        identity = tuple(id(run) for chain in chains for run in chain)
        known = self._histories.get(row.key)
        if len(row.members) == len(chains) == 1:
            if len(chains[0]) == 1:
                source = runs[0].source
                return ChartSource(row.name, source.history, source.marks, source.backend)
            lineage = LineageRuns(tuple(chains[0]))
            if known is None or known[0] != identity:
                known = self._histories[row.key] = identity, lineage.history()
            return lineage.source(row.name, known[1])
        if known is None or known[0] != identity:
            known = self._histories[row.key] = identity, GroupHistory([run.history for run in runs])
        return GroupSource(row.name, known[1], backend=runs[0].spec.backend if runs else "")

    def _chain(self, state: MemberState) -> list[FollowedRun]:
        """Return the followed runs of a member's curve, the oldest first: its newest, in a population all before it."""
        newest = None if state.run is None else self._followed.get(state.run.path)
        chain = [] if newest is None else [newest]
        while state.lineage and chain and (parent := parent_of(chain[0], self._known)) is not None:
            run = self._followed.get(parent.path)
            if run is None or run in chain:
                break
            chain.insert(0, run)
        return chain

    def _new_runs(self) -> Iterator[FollowedRun]:
        for row in self.rows:
            if row.key not in self._places:
                continue
            for one in row.members:
                run: RunFolder | None = one.state.run
                is_wanted = len(self._followed) < MOST_FOLLOWED or row.member is not None
                while run is not None and is_wanted:
                    if run.path not in self._followed:
                        followed = _follow(run, one.state)
                        if followed is None:
                            break
                        self._followed[run.path] = followed
                        yield followed
                    run = parent_of(self._followed[run.path], self._known) if one.state.lineage else None
                    is_wanted = len(self._followed) < MOST_FOLLOWED


def _follow(run: RunFolder, state: MemberState) -> FollowedRun | None:
    try:
        return FollowedRun(run, state.member.name)
    except RunFolderError:  # its row says so
        return None


def _rows(ranking: Ranking) -> Iterable[ExperimentRow]:
    for group in ranking.groups:
        first = min(member.state.member.name for member in group.members)
        single = group.members[0] if len(group.members) == 1 else None
        yield ExperimentRow(f"group {first}", group, single, is_inside=False)
        if single is None:
            for member in group.members:
                yield ExperimentRow(f"member {member.state.member.name}", group, member, is_inside=True)
