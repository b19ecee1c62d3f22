"""Create an experiment, queue it, and print how it begins or, if that is wanted, how it ends."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from curricula.errors import UserError
from tui.commands.shared.output import say, show_result
from tui.session.experiments.attempts import Attempts, MemberState
from tui.session.experiments.experiment import Experiment, ExperimentFolder
from tui.session.experiments.launchers.every import EveryLauncher
from tui.session.experiments.operations import cancel, create, discard_refused
from tui.session.experiments.queue_folder import QueueError, QueueFolder
from tui.session.experiments.queue_runner import QueuedExperiment
from tui.session.experiments.texts import counts_text, member_value
from tui.session.launching.refusal import RefusedLaunch
from tui.session.runs.run_index import read_state

_POLL_SECONDS = 1.0
_MOST_STARTS = 10


class MembersFailed(UserError):
    """Members of an experiment have failed."""


def start_experiment(experiment: Experiment, log_root: Path, *, wait: bool, as_json: bool) -> None:
    """Start an experiment; return when its first member trains or has to wait, with `wait` when all have ended.

    Raises `UserError` if it is refused, if the first member fails for a value that was swept, if all members have
    failed, or, with `wait`, if any have.
    """
    queue = QueueFolder()
    folder = create(experiment, log_root, queue)
    say(str(folder.path), err=as_json)
    try:
        looked = _follow(folder, queue, wait=wait, quiet=as_json)
    except KeyboardInterrupt:
        say(f"The experiment continues: humanoid-tui experiment {folder.path.name}", err=True)
        raise
    counts = Counter(state.status for state in looked.states)
    failed = [state for state in looked.states if state.status == "failed"]
    if failed and (wait or len(failed) == len(looked.states)):
        raise MembersFailed(f"{len(failed)} of {len(looked.states)} members failed: {_reason(failed)}")
    hint = "" if wait else f"; see humanoid-tui experiment {folder.path.name}"
    value = {
        "experiment": str(folder.path),
        "name": folder.path.name,
        "counts": counts,
        "members": [member_value(state) for state in looked.states],
    }
    show_result(f"{folder.path.name}: {counts_text(looked.states)}{hint}", value, as_json)


def _follow(folder: ExperimentFolder, queue: QueueFolder, *, wait: bool, quiet: bool) -> QueuedExperiment:
    attempts, shown, starts = Attempts(EveryLauncher()), "", 0
    while True:
        experiment = folder.read()
        looked = QueuedExperiment(folder, experiment, attempts.read(folder, experiment))
        text = counts_text(looked.states)
        if wait and not quiet and text != shown:
            say(text)
        shown = text
        _refuse_wrong_values(looked, queue)
        if looked.has_ended or (not wait and _has_begun(looked.states, queue, folder)):
            return looked
        starts += queue.start_process()  # unless it runs
        if starts > _MOST_STARTS:
            raise QueueError("the process of the queue ends again and again", hint=f"see {queue.log}")
        time.sleep(_POLL_SECONDS)


def _has_begun(states: Sequence[MemberState], queue: QueueFolder, folder: ExperimentFolder) -> bool:
    """Return whether the first member trains or has ended, or the experiment waits for others."""
    begun = [state for state in states if state.run is not None]
    known = queue.read()
    if not begun:
        return known.paused or known.experiments[:1] != (str(folder.path),)
    first = begun[0]
    return first.status != "running" or (first.run is not None and read_state(first.run).iteration is not None)


def _refuse_wrong_values(looked: QueuedExperiment, queue: QueueFolder) -> None:
    """Cancel an experiment whose first failure is that of a swept value, which only the built environment knows."""
    paths = [axis.path for axis in looked.experiment.axes]
    for state in looked.states:
        for attempt in state.attempts:
            if attempt.status == "failed" and any(path in attempt.reason for path in paths):
                cancel(looked.folder, keep_running=False)
                if discard_refused(looked.folder, queue):
                    raise RefusedLaunch(attempt.reason)
                raise MembersFailed(f"{looked.folder.path.name} is cancelled: {attempt.reason}")


def _reason(failed: Sequence[MemberState]) -> str:
    return f"{failed[0].member.name}: {failed[0].reason or 'see its console.log'}"
