"""What a user does with experiments: create, queue, pause, continue and cancel them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import msgspec

from curricula.errors import UsageError, UserError, suggestion
from trainer_proc.contract.requests import Stop
from tui.session.engines.jobs import JOBS
from tui.session.experiments.attempts import ENDED, MemberState
from tui.session.experiments.experiment import (
    EXPERIMENT_FILE,
    MOST_MEMBERS,
    Experiment,
    ExperimentError,
    ExperimentFolder,
)
from tui.session.experiments.experiment_lock import check_holder
from tui.session.experiments.launchers.every import EveryLauncher
from tui.session.experiments.members import check_members
from tui.session.experiments.queue_folder import MOST_EXPERIMENTS, QueueError, QueueFolder
from tui.session.experiments.queue_runner import QueuedExperiment, QueueRunner
from tui.session.trainer_request import TrainerUnreachable, ask

_REFUSAL_SECONDS, _POLL_SECONDS = 15.0, 0.2
"""Time for refusing trainers to end; they only have to unload their libraries."""


def create(experiment: Experiment, log_root: Path, queue: QueueFolder) -> ExperimentFolder:
    """Write the experiment's folder and add it to the queue's end. Raises `UserError`; then nothing is written."""
    check_members(experiment)
    folder = ExperimentFolder(log_root / experiment.name)
    with queue.editing():
        _check_room(queue, experiment)
        try:
            folder.path.mkdir(parents=True)
        except FileExistsError:
            raise ExperimentError(f"{folder.path} exists", hint="choose another --name") from None
        except OSError as error:
            raise ExperimentError(f"the experiment can't be created in {log_root}: {error.strerror}") from error
        try:
            folder.write(experiment)
            _add(queue, folder)
        except (OSError, UserError) as error:
            folder.file.unlink(missing_ok=True)
            folder.path.rmdir()
            raise ExperimentError(f"the experiment can't be created: {error}") from error
    queue.start_process()
    return folder


def find_experiment(text: str, log_root: Path) -> ExperimentFolder:
    """Return the experiment that `text` names: a path, `latest`, a name, or a unique part. Raises `UsageError`."""
    if (Path(text) / EXPERIMENT_FILE).is_file():
        return ExperimentFolder(Path(text))
    folders = experiments_in(log_root)
    if not folders:
        raise UsageError(f"no experiments in {log_root}", hint="start one with humanoid-tui launch PRESET --seeds N")
    if text == "latest":
        return folders[0]
    names = [folder.path.name for folder in folders]
    matches = [name for name in names if name == text] or [name for name in names if text in name]
    if len(matches) == 1:
        return folders[names.index(matches[0])]
    if matches:
        raise UsageError(f"{len(matches)} experiments match {text}: {', '.join(matches[:3])}; expected one")
    raise UsageError(f"no such experiment: {text}{suggestion(text, names, or_all=True)}")


def experiments_in(log_root: Path) -> list[ExperimentFolder]:
    """Return the experiments below `log_root`, the newest first. Raises `OSError`."""
    files = [*log_root.glob(EXPERIMENT_FILE), *log_root.glob(f"*/{EXPERIMENT_FILE}")]
    return [ExperimentFolder(file.parent) for file in sorted(files, key=lambda file: -file.stat().st_mtime)]


def pause(folder: ExperimentFolder, queue: QueueFolder, *, paused: bool) -> None:
    """Start no further members of an experiment, or start them again. Raises `UserError` or `OSError`."""
    with queue.editing(), folder.editing():
        if not paused:
            check_holder(folder, queue.path)
        experiment = msgspec.structs.replace(folder.read(), paused=paused)
        if not paused:
            experiment = msgspec.structs.replace(experiment, refused={})
            _add(queue, folder)
        folder.write(experiment)
    if not paused:
        queue.start_process()


def pause_queue(queue: QueueFolder, *, paused: bool) -> None:
    """Start nothing, or start again. Raises `QueueError`."""
    with queue.editing():
        queue.write(msgspec.structs.replace(queue.read(), paused=paused))
    if not paused:
        queue.start_process()


def set_places(queue: QueueFolder, places: int) -> None:
    """Set the number of trainings on each device at a time. Raises `QueueError`."""
    with queue.editing():
        queue.write(msgspec.structs.replace(queue.read(), places=places))


def cancel(folder: ExperimentFolder, names: Collection[str] = (), *, keep_running: bool) -> tuple[list[str], list[str]]:
    """Cancel members, by default all. Return the names of those that never start, and of those that were stopped.

    Running ones save a checkpoint and stop, unless `keep_running`. Raises `UserError` or `OSError`.
    """
    with folder.editing():
        looked = look_at(folder)
        experiment, known = looked.experiment, [state.member.name for state in looked.states]
        if unknown := next((name for name in names if name not in known), None):
            raise UsageError(f"no such member: {unknown}{suggestion(unknown, known, or_all=True)}")
        ended = (
            ENDED if experiment.population is None else ("finished", "stopped", "cancelled")
        )  # copies revive failed ones
        chosen = [s for s in looked.states if (not names or s.member.name in names) and s.status not in ended]
        cancelled = dict.fromkeys([*experiment.cancelled, *(state.member.name for state in chosen)])
        search = experiment.search if names else None
        folder.write(msgspec.structs.replace(experiment, cancelled=tuple(cancelled), search=search))
    for state in chosen:
        if state.status == "submitted":
            _stop(state)
    running = [state for state in chosen if state.status == "running"]
    waiting = [state.member.name for state in chosen if state.status != "running"]
    return waiting, [] if keep_running else [state.member.name for state in running if _stop(state)]


def answer_copy(folder: ExperimentFolder, member: str, *, accepted: bool) -> None:
    """Let the copy that would replace a member of a population go ahead at once, or veto it; then the member goes on.

    Raises `UserError` or `OSError`.
    """
    with folder.editing():
        experiment = folder.read()
        population = experiment.population
        waiting = [] if population is None else [copy.member for copy in population.waiting()]
        if population is None or member not in waiting:
            raise UsageError(f"no copy for {member} waits for an answer; there are {', '.join(waiting) or 'none'}")
        answered = population.answered(member, accepted=accepted)
        folder.write(msgspec.structs.replace(experiment, population=answered))


def discard_refused(folder: ExperimentFolder, queue: QueueFolder) -> bool:
    """Remove an experiment if the trainer has refused all that was started of it; return whether it has.

    Waits until refusing trainers have ended. Raises `UserError` or `OSError`.
    """
    deadline = time.monotonic() + _REFUSAL_SECONDS
    while any(state.status == "running" for state in look_at(folder).states) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    with queue.editing(), folder.editing():
        attempts = [attempt for state in look_at(folder).states for attempt in state.attempts]
        if not attempts or not all(attempt.is_refused and not attempt.is_active for attempt in attempts):
            return False
        known = queue.read()
        left = tuple(path for path in known.experiments if path != str(folder.path))
        queue.write(msgspec.structs.replace(known, experiments=left))
        for attempt in attempts:
            shutil.rmtree(attempt.folder.path)
        folder.file.unlink()
        folder.queue_lock.unlink(missing_ok=True)
        folder.edit_lock.unlink(missing_ok=True)
        folder.path.rmdir()
    return True


def look_at(folder: ExperimentFolder) -> QueuedExperiment:
    """Return an experiment with the state of its members. Raises `UserError` or `OSError`."""
    from tui.session.experiments.attempts import Attempts

    experiment = folder.read()
    return QueuedExperiment(folder, experiment, Attempts(EveryLauncher()).read(folder, experiment))


def look_at_queue(queue: QueueFolder) -> list[QueuedExperiment]:
    """Return the experiments of the queue, in order. Raises `QueueError` or `OSError`."""
    return list(QueueRunner(queue, EveryLauncher()).look())


def revive(queue: QueueFolder) -> None:
    """Start the queue process if it has work and none runs, as after a reboot. Raises `QueueError`."""
    if queue.path.exists() and queue.read().experiments:
        queue.start_process()


def _stop(state: MemberState) -> bool:
    """Ask the active runs of a member to stop; return whether one has accepted. Jobs that wait are cancelled."""
    accepted = False
    for attempt in state.attempts:
        if attempt.is_active and not JOBS.cancel_waiting(attempt.folder):
            with suppress(TrainerUnreachable):
                ask(attempt.folder, Stop())
                accepted = True
    return accepted


def _check_room(queue: QueueFolder, experiment: Experiment) -> None:
    looked = look_at_queue(queue)
    waiting = sum(state.status == "waiting" for queued in looked for state in queued.states)
    most = f"expected at most {MOST_MEMBERS:,} waiting members and {MOST_EXPERIMENTS} experiments"
    if waiting + len(experiment.members) > MOST_MEMBERS or len(looked) >= MOST_EXPERIMENTS:
        raise QueueError(
            f"the queue is full: {most}, got {waiting + len(experiment.members):,} and {len(looked) + 1}",
            hint="wait, or cancel some with humanoid-tui experiment NAME --cancel",
        )


def _add(queue: QueueFolder, folder: ExperimentFolder) -> None:
    known = queue.read()
    paths = dict.fromkeys([*known.experiments, str(folder.path)])
    queue.write(msgspec.structs.replace(known, experiments=tuple(paths)))
