"""Find runs on disk, and summarize each without attaching."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from curricula.curriculum import SUCCESS_RATE
from curricula.errors import UsageError
from trainer_proc.contract.connection import is_live
from trainer_proc.contract.damage_text import damage_text
from trainer_proc.contract.errors import JournalUnreadable, one_line
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.run_folder import RUN_FILE, RunFolder, RunFolderError, RunSpec
from trainer_proc.contract.trainer_lock import read_trainer
from tui.session.engines.job import EngineError, JobStatus
from tui.session.engines.jobs import JOBS
from tui.session.machine.disk_warning import disk_warning
from tui.session.runs.journal_summary import REWARD, JournalSummary, refuse_damage, spread_points, summarize_journal
from tui.session.runs.labels import NO_LABELS, Labels, labels_or_problem
from tui.session.runs.names import own_name
from tui.session.state import RunState, RunStatus
from tui.session.status_text import delayed_text, stalled_text

_OF_JOBS: dict[JobStatus, RunStatus] = {"running": "starting", "cancelled": "stopped", "lost": "lost"}
"""Of a run whose trainer has left no word."""
_ENDED_WELL: tuple[RunStatus, ...] = ("finished", "stopped")
_CANDIDATES = 5
"""Runs that are named when none has the name."""
_LONG_BYTES = 16 * 1024 * 1024
"""Of a journal from here on, only a few iterations are decoded."""
_MOST_REWARDS = 120
"""Reward points kept of a run; a row of the list shows fewer."""


class RunNotFound(UsageError):
    """No run, or more than one, has that name."""


@dataclass(frozen=True)
class RunOrigin:
    """Where a run of another machine is."""

    host: str
    """As the user names it."""
    path: str
    """Its folder there."""


@dataclass(frozen=True)
class RunSummary:
    """One row of the list of runs; of an unreadable run, only `problem` holds."""

    folder: RunFolder
    spec: RunSpec | None
    status: RunStatus
    iteration: int | None = None
    iterations: int = 0
    """Total, including those before a checkpoint that the run started from."""
    reward: float | None = None
    """Newest mean reward."""
    success: float | None = None
    """Newest success rate, 0 to 1."""
    seconds: float = 0.0
    """Time between the first and the last frame of the journal."""
    rewards: tuple[tuple[int, float], ...] = ()
    """Some points of the mean reward: iteration, value."""
    problem: str = ""
    """Why the run can't be read."""
    reason: str = ""
    """Why the run has failed, as its trainer reported it."""
    warning: str = ""
    """What is wrong with a live run that goes on."""
    damage: str = ""
    """What of the journal was skipped as damaged, as far as it was read; empty for nothing."""
    origin: RunOrigin | None = None
    """For a run of another machine; then `folder` is its mirror here, which may not exist yet."""
    labels: Labels = NO_LABELS
    labels_problem: str = ""
    """Why the labels can't be read."""


def run_folders(log_root: Path) -> list[RunFolder]:
    """Return the runs under `log_root`, newest first, each once whatever links lead to it. Raises `OSError`.

    It may also be the folder of an experiment, or of a run.
    """
    if not log_root.exists():
        return []
    files = (file for above in ("*/*/", "*/", "") for file in log_root.glob(f"{above}{RUN_FILE}"))
    folders = {folder.path: folder for folder in (RunFolder(file.parent) for file in files)}
    return sorted(folders.values(), key=lambda folder: folder.name, reverse=True)


@dataclass(frozen=True)
class RunSnapshot:
    """Content of a run's files when they were read; `problem` is why they can't be read."""

    folder: RunFolder
    spec: RunSpec | None
    journal: JournalSummary
    rewards: tuple[tuple[int, float], ...] = ()
    problem: str = ""

    def summary(self) -> RunSummary:
        """Return the run's row, with its current status."""
        if self.spec is None:
            return RunSummary(self.folder, None, "failed", problem=self.problem)
        state = self.journal.state
        is_alive = is_live(self.folder)
        if not is_alive:
            state.take_trainer(read_trainer(self.folder))
        status = status_with_job(self.folder, state, is_alive)
        return RunSummary(
            folder=self.folder,
            spec=self.spec,
            status=status,
            iteration=state.iteration,
            iterations=self.spec.iterations if state.started is None else state.last_iteration + 1,
            reward=state.latest.get(REWARD),
            success=state.latest.get(SUCCESS_RATE),
            seconds=self.journal.seconds,
            rewards=self.rewards,
            reason=state.phase.detail if status == "failed" and state.phase is not None else "",
            warning=_warning(self.folder, state)
            if is_alive
            else ""
            if status in _ENDED_WELL
            else JOBS.text(self.folder),
            damage=damage_text(state.damaged),
        )


def job_text(folder: RunFolder, status: RunStatus) -> str:
    """Return what the engine of a run without a trainer reports, in one line; empty if that explains nothing."""
    return "" if status in _ENDED_WELL else JOBS.text(folder)


def status_with_job(folder: RunFolder, state: RunState, is_alive: bool) -> RunStatus:
    """Return the status of a run, with fold `state`; of one without a trainer here, its engine knows more."""
    state.waiting = "" if is_alive else JOBS.waiting_text(folder)
    status = state.status(is_alive)
    try:
        job = None if is_alive else JOBS.state(folder)
    except EngineError:
        return status
    if job is None or status not in ("starting", "killed", "lost"):
        return status
    return _OF_JOBS.get(job.status, "killed")


def _warning(folder: RunFolder, state: RunState) -> str:
    """Return why a live run is not recorded now, or soon won't be; a full disk also hides what the trainer reports."""
    if state.stalled is not None:
        return stalled_text(state.stalled)
    if state.delayed:
        return delayed_text(state)
    return disk_warning(folder)


def read_run(folder: RunFolder) -> RunSnapshot:
    """Read a run's `run.toml` and summarize its journal. Never raises: a run that can't be read is a `problem`."""
    try:
        spec, journal = folder.read_spec(), summarize_journal(folder.journal)
    except (RunFolderError, JournalUnreadable, OSError) as error:
        return RunSnapshot(folder, None, JournalSummary(), problem=str(error))
    except Exception as error:  # one run, whatever its files hold, must not end the list
        logging.getLogger(__name__).exception("reading %s", folder.path)
        return RunSnapshot(folder, None, JournalSummary(), problem=f"can't be read: {one_line(error)}")
    return RunSnapshot(folder, spec, journal, tuple(spread_points(journal.rewards, _MOST_REWARDS)))


def summarize(folder: RunFolder) -> RunSummary:
    """Return the run's row; `problem` reports unreadable files."""
    labels, problem = labels_or_problem(folder)
    return replace(read_run(folder).summary(), labels=labels, labels_problem=problem)


def read_state(folder: RunFolder) -> RunState:
    """Return the fold of the run's journal. Raises `JournalUnreadable` or `OSError`."""
    state = RunState()
    for frames in _reader_of(folder.journal).read_pieces():
        state.apply_all(frames)
    if state.first_time is None:
        refuse_damage(folder.journal, state.damaged)
    return state


def _reader_of(journal: Path) -> JournalReader:
    if not journal.is_file() or journal.stat().st_size < _LONG_BYTES:
        return JournalReader(journal)
    from tui.session.metrics.column_reader import ColumnReader  # imports numpy, which takes longer than a short journal

    return ColumnReader(journal)


def find_run(text: str, log_root: Path) -> RunFolder:
    """Return the run that `text` names: a path, `latest`, or a name.

    A name is the folder's, with its experiment or not, the user's own, or a unique part of the folder's; a name that
    fits exactly precedes names that contain it. Raises `RunNotFound` or `RunFolderError`.
    """
    return RunFolder(Path(text)) if (Path(text) / RUN_FILE).is_file() else named_run(text, log_root)


def named_run(text: str, log_root: Path) -> RunFolder:
    """Return the run below `log_root` that `text` names, as `find_run` does, but for paths. Raises `RunNotFound`."""
    folders = run_folders(log_root)
    if not folders:
        raise RunNotFound(f"no runs in {log_root}", hint="start one with humanoid-tui launch, or give its folder")
    if text == "latest":
        return folders[0]
    matches = [folder for folder in folders if text in (folder.name, _with_experiment(folder))]
    matches = matches or [folder for folder in folders if own_name(folder.name) == text]
    matches = matches or [f for f in folders if text in (_with_experiment(f) if "/" in text else f.name)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        is_twofold = len({folder.name for folder in matches}) < len(matches)
        shown = [_with_experiment(folder) if is_twofold else folder.name for folder in matches[:3]]
        names = ", ".join(shown) + ", …" * (len(matches) > 3)
        raise RunNotFound(f"{len(matches)} runs match {text}: {names}; expected one")
    raise RunNotFound(f"no such run: {text}; nearest: {', '.join(_nearest(text, folders))}")


def _nearest(text: str, folders: Sequence[RunFolder]) -> list[str]:
    """Return the names of the runs that `text` may mean, the likeliest first, then the newest."""
    from difflib import SequenceMatcher  # rarely needed, and not free at start-up

    def likeness(folder: RunFolder) -> float:
        names = own_name(folder.name), folder.name
        return max(SequenceMatcher(None, text.lower(), name.lower()).ratio() for name in names)

    return [folder.name for folder in sorted(folders, key=likeness, reverse=True)[:_CANDIDATES]]


def _with_experiment(folder: RunFolder) -> str:
    """Return the name as the list of runs shows it, `experiment/folder`."""
    return f"{folder.path.parent.name}/{folder.name}"
