"""Runs of an experiment as one row of the list of runs, folded or followed by its runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tui.session.experiments.experiment import Experiment, ExperimentError, ExperimentFolder
from tui.session.experiments.operations import experiments_in
from tui.session.experiments.population_text import round_text
from tui.session.experiments.round_bounds import round_bounds
from tui.session.runs.run_columns import COLUMNS, run_cells
from tui.session.runs.run_index import RunSummary
from tui.session.runs.run_list import is_live
from tui.session.text import plain, shortened, shortened_name

FOLDED_SIGN, OPEN_SIGN = "▸", "▾"
_INDENT = 2
_NAME = COLUMNS[-1].key


@dataclass(frozen=True)
class RunGroup:
    """An experiment and its listed runs, the newest first."""

    experiment: Experiment
    path: Path
    runs: tuple[RunSummary, ...]
    is_open: bool
    started: frozenset[str] = frozenset()
    """Members that have a run, listed or not."""

    @property
    def waiting(self) -> int:
        """Members that have no run yet and may get one."""
        left = [one.name for one in self.experiment.members if one.name not in self.started]
        return len(set(left).difference(self.experiment.cancelled))

    @property
    def has_further_rounds(self) -> bool:
        """Whether it is a population that compares its members once more, or waits for an answer about copies."""
        population = self.experiment.population
        if population is None or not any(run.status == "finished" for run in self.runs):
            return False
        return bool(population.waiting()) or not round_bounds(self.experiment).is_last

    @property
    def counts_text(self) -> str:
        """Return `6 members, 1 live, 3 without a run`."""
        live, count = sum(map(is_live, self.runs)), len(self.experiment.members)
        parts = [f"{count} member{'' if count == 1 else 's'}"]
        parts += [f"{live} live"] * bool(live) + [f"{self.waiting} waiting"] * bool(self.waiting)
        parts += [text for text in [round_text(self.experiment)] if text]
        return ", ".join(parts) + ", paused" * self.experiment.paused

    def cells(self, widths: Mapping[str, int]) -> tuple[str, ...]:
        """Return its row, a cell for each column of `widths`."""
        live, failed = any(map(is_live, self.runs)), sum(run.status in ("failed", "killed") for run in self.runs)
        ended = len({run.spec.name for run in self.runs if run.spec is not None and not is_live(run)})
        waits = self.waiting or self.has_further_rounds
        status = "▶ live" if live else "… waiting" if waits else f"✘ {failed} failed" if failed else "✔ ended"
        name = f"{plain(self.experiment.name)}  {self.counts_text}"
        cells = {
            "chosen": OPEN_SIGN if self.is_open else FOLDED_SIGN,
            "status": status,
            "iteration": f"{ended} of {len(self.experiment.members)}",
            "preset": shortened_name(plain(self.experiment.spec.preset), widths.get("preset", 0)),
            _NAME: shortened(name, widths[_NAME]),
        }
        return tuple(cells.get(column, "") for column in widths)


Row = RunSummary | RunGroup


def grouped(
    runs: Sequence[RunSummary],
    experiments: Mapping[Path, Experiment],
    opened: Collection[Path],
    *,
    every: Sequence[RunSummary],
    with_empty: bool,
) -> list[Row]:
    """Return runs in their order, those of an experiment at the place of its first one, below its group if it is open.

    `every` are all runs on disk, of which `runs` are listed. `with_empty` adds experiments without any run, at the
    begin.
    """
    listed, started = _by_experiment(runs, experiments), _by_experiment(every, experiments)

    def group(path: Path) -> Iterator[Row]:
        names = frozenset(run.spec.name for run in started[path] if run.spec is not None)
        yield RunGroup(experiments[path], path, tuple(listed[path]), path in opened, names)
        if path in opened:
            yield from listed[path]

    rows: list[Row] = []
    if with_empty:
        for path in [path for path, own in started.items() if not own]:
            rows += group(path)
    done: set[Path] = set()
    for run in runs:
        path = run.folder.path.parent
        if path not in experiments:
            rows.append(run)
        elif path not in done:
            done.add(path)
            rows += group(path)
    return rows


def _by_experiment(runs: Sequence[RunSummary], experiments: Mapping[Path, Experiment]) -> dict[Path, list[RunSummary]]:
    members: dict[Path, list[RunSummary]] = {path: [] for path in experiments}
    for run in runs:
        if run.folder.path.parent in members:
            members[run.folder.path.parent].append(run)
    return members


def member_cells(run: RunSummary, widths: dict[str, int], chosen: Collection[Path]) -> tuple[str, ...]:
    """Return the row of a run below its group."""
    *others, name = run_cells(run, widths | {_NAME: widths[_NAME] - _INDENT}, chosen)
    return (*others, f"{' ' * _INDENT}{name}")


class ExperimentList:
    """The experiments below a folder; a file is read again when it has changed."""

    def __init__(self, log_root: Path) -> None:
        self._log_root = log_root
        self._known: dict[Path, tuple[tuple[int, int], Experiment]] = {}

    def look(self) -> dict[Path, Experiment]:
        """Return the experiments by folder; those that can't be read are left out, and their runs stay single.

        None in the folder of an experiment itself, whose list is that of its runs. Raises `OSError`.
        """
        found: dict[Path, tuple[tuple[int, int], Experiment]] = {}
        for folder in experiments_in(self._log_root):
            if folder.path == self._log_root.resolve():
                continue
            with suppress(ExperimentError, FileNotFoundError):
                found[folder.path] = self._read(folder)
        self._known = found
        return {path: experiment for path, (_, experiment) in found.items()}

    def _read(self, folder: ExperimentFolder) -> tuple[tuple[int, int], Experiment]:
        status = folder.file.stat()
        stamp = status.st_mtime_ns, status.st_size
        known = self._known.get(folder.path)
        return known if known is not None and known[0] == stamp else (stamp, folder.read())
