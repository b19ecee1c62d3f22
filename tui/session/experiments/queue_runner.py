"""One step of a queue: look at the experiments, start what has a place."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec

from curricula.errors import UserError
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.run_folder import RunSpec
from tui.session.engines.job import EngineSilent
from tui.session.engines.jobs import most_waiting
from tui.session.experiments.attempts import ENDED, Attempts, MemberState
from tui.session.experiments.experiment import Experiment, ExperimentError, ExperimentFolder, member_spec
from tui.session.experiments.experiment_lock import ExperimentLocks
from tui.session.experiments.launchers.base import Launcher
from tui.session.experiments.members import make_members
from tui.session.experiments.plan import Candidate, Start, next_start, used_by
from tui.session.experiments.queue_folder import QueueFolder
from tui.session.experiments.retry import retry_spec
from tui.session.experiments.rounds import may_start, round_spec, updated
from tui.session.experiments.search import next_values


@dataclass(frozen=True)
class QueuedExperiment:
    """An experiment of the queue and its members."""

    folder: ExperimentFolder
    experiment: Experiment
    states: list[MemberState]

    @property
    def has_ended(self) -> bool:
        """Whether no member waits or runs, and none will be made."""
        return self.experiment.is_complete and all(state.status in ENDED for state in self.states)


@dataclass(frozen=True)
class _Next:
    """What waits: a member, or with `state` None the values of the next trial."""

    queued: QueuedExperiment
    state: MemberState | None


class QueueRunner:
    """Starts the members of a queue's experiments by `launcher`. Holds nothing that the disk lacks.

    With `locks`, it leaves experiments alone that another queue runs.
    """

    def __init__(self, folder: QueueFolder, launcher: Launcher, locks: ExperimentLocks | None = None) -> None:
        self._folder = folder
        self._launcher = launcher
        self._locks = locks
        self._attempts = Attempts(launcher)
        self._reported: dict[str, str] = {}

    def look(self) -> Iterator[QueuedExperiment]:
        """Yield the queue's experiments in order; one that can't be read is logged once and left out.

        Raises `QueueError` or `OSError`.
        """
        for path in self._folder.read().experiments:
            folder = ExperimentFolder(Path(path))
            try:
                folder.check_owner()
                experiment = folder.read()
                states = self._attempts.read(folder, experiment)
            except ExperimentError as error:
                self._report(path, f"left out of the queue: {error}")
                continue
            yield QueuedExperiment(folder, experiment, states)

    def step(self) -> bool:
        """Start all that has a place, with `QueueFolder.editing` held; return whether there is more to do.

        Experiments that have ended leave the queue. Raises `QueueError` or `OSError`.
        """
        with ExitStack() as editing:
            own = self._take_locks(editing)  # before anything is read: another queue may have started members
            self._update(own)
            while (chosen := self._choose(own)) is not None:
                queued, state = chosen.what.queued, chosen.what.state
                try:
                    if state is None:
                        self._add_trial(queued)
                    elif queued.experiment.engine:
                        self._submit(queued)
                    else:
                        self._start(queued, state, chosen.devices[0])
                except EngineSilent as error:
                    own.discard(queued.folder.path)
                    self._report(str(queued.folder.path), f"{queued.folder.path} waits: {error}")
                except OSError as error:
                    own.discard(queued.folder.path)
                    self._report(str(queued.folder.path), f"waits: {queued.folder.file} can't be written: {error}")
        return self._forget_ended()

    def _take_locks(self, editing: ExitStack) -> set[Path]:
        """Lock the experiments that may start members; return the folders of those that this queue runs.

        Nobody else writes their files until the end of `editing`.
        """
        own: set[Path] = set()
        ready = [] if self._folder.read().paused else [one for one in self.look() if not one.experiment.paused]
        if self._locks is not None:
            self._locks.keep(one.folder for one in ready)
        for queued in ready:
            path = queued.folder.path
            try:
                problem = "" if self._locks is None else self._locks.take(queued.folder)
                if not problem:
                    editing.enter_context(queued.folder.editing())
            except (UserError, OSError) as error:
                problem = f"its folder can't be locked: {one_line(error)}"
            if problem:
                self._report(str(path), f"{path} waits: {problem}")
            else:
                own.add(path)
        return own

    def _update(self, own: set[Path]) -> None:
        """Decide what is due in populations, and leave out of `own` those for which it could not be written."""
        for queued in self.look():
            if queued.experiment.paused or queued.folder.path not in own:
                continue
            try:
                changed = updated(queued.experiment, queued.states)
                if changed is not queued.experiment:
                    queued.folder.write(changed)
            except (UserError, OSError) as error:
                own.discard(queued.folder.path)
                self._report(str(queued.folder.path), f"{queued.folder.path} waits: {one_line(error)}")

    def _report(self, path: str, problem: str) -> None:
        """Log what keeps an experiment waiting, once."""
        if self._reported.get(path) != problem:
            self._reported[path] = problem
            logging.getLogger(__name__).warning(problem)

    def _choose(self, own: Collection[Path]) -> Start[_Next] | None:
        queue, looked = self._folder.read(), list(self.look())
        used: Counter[str] = Counter()
        for queued in looked:
            for state in queued.states:
                used.update(_used(queued.experiment, state))
        ready = [one for one in looked if not one.experiment.paused and one.folder.path in own]
        waiting = [one for queued in ready for one in _waiting(queued)]
        return next_start(waiting, used, lambda device: most_waiting(device) or queue.places)

    def _start(self, queued: QueuedExperiment, state: MemberState, device: str) -> None:
        """Start a member; one that can't be started is noted as refused."""
        folder, experiment = queued.folder, queued.experiment
        try:
            spec = msgspec.structs.replace(_spec(queued, state), device=device)
            working_folder = Path(experiment.working_folder or folder.path)
            run = self._launcher.start(spec, folder.log_root, working_folder)
            logging.getLogger(__name__).info("started %s on %s", run.path, device)
        except UserError as error:
            folder.write(_with_refused(experiment, {state.member.name: error}))

    def _submit(self, queued: QueuedExperiment) -> None:
        """Start as many members as the engine takes at a time; note those that can't be started as refused."""
        folder, experiment = queued.folder, queued.experiment
        room = most_waiting(experiment.engine) - sum(state.status == "submitted" for state in queued.states)
        states, refused = may_start(experiment, queued.states)[: max(room, 1)], {}
        specs: dict[str, RunSpec] = {}
        for state in states:
            try:
                spec = _spec(queued, state)
                specs[state.member.name] = msgspec.structs.replace(spec, device=experiment.devices[0])
            except UserError as error:
                refused[state.member.name] = error
        working_folder = Path(experiment.working_folder or folder.path)
        started = self._launcher.start_all([*specs.values()], folder.log_root, working_folder) if specs else ()
        for name, run in zip(specs, started, strict=False):
            if isinstance(run, UserError):
                refused[name] = run
            else:
                logging.getLogger(__name__).info("started %s in %s", run.path, experiment.engine)
        if refused:
            folder.write(_with_refused(experiment, refused))

    def _add_trial(self, queued: QueuedExperiment) -> None:
        """Add the members of the next trial; without a sampler, none is added any more."""
        experiment = queued.experiment
        try:
            values = next_values(experiment, queued.states)
            added = make_members([values], experiment.seeds, first=len(experiment.members) + 1)
            experiment = msgspec.structs.replace(experiment, members=(*experiment.members, *added))
        except UserError as error:
            logging.getLogger(__name__).warning("no more trials of %s: %s", queued.folder.path, one_line(error))
            experiment = msgspec.structs.replace(experiment, search=None)
        queued.folder.write(experiment)

    def _forget_ended(self) -> bool:
        """Take ended experiments off the queue; return whether there is more to do."""
        queue, looked = self._folder.read(), list(self.look())
        ended = {str(queued.folder.path) for queued in looked if queued.has_ended}
        if ended:
            left = tuple(path for path in queue.experiments if path not in ended)
            queue = msgspec.structs.replace(queue, experiments=left)
            self._folder.write(queue)
        is_running = any(state.is_active for queued in looked for state in queued.states)
        is_waiting = any(not queued.experiment.paused and str(queued.folder.path) not in ended for queued in looked)
        return is_running or (is_waiting and not queue.paused)


def _with_refused(experiment: Experiment, refused: Mapping[str, UserError]) -> Experiment:
    """Return the experiment with members, by name, that can't be started."""
    reasons = {name: one_line(error) for name, error in refused.items()}
    return msgspec.structs.replace(experiment, refused=experiment.refused | reasons)


def _waiting(queued: QueuedExperiment) -> Iterator[Candidate[_Next]]:
    """Yield what may start next of an experiment, in order."""
    experiment = queued.experiment
    waiting: list[MemberState | None] = [*may_start(experiment, queued.states)]
    is_placed = not any(state.status == "submitted" for state in queued.states)
    if not waiting and not experiment.is_complete and is_placed:  # a search learns from results: no trial in advance
        waiting = [None]
    for state in waiting:
        if experiment.engine:
            yield Candidate(_Next(queued, state), (experiment.engine,))
        else:
            yield Candidate(_Next(queued, state), experiment.devices, experiment.spec.processes)


def _used(experiment: Experiment, state: MemberState) -> Iterator[str]:
    """Yield the places that a member takes; one that trains in an engine takes none here."""
    for attempt in state.attempts:
        if experiment.engine and attempt.is_submitted:
            yield experiment.engine
        elif attempt.is_active and not experiment.engine:
            yield from used_by(attempt.device, experiment.spec.processes)


def _spec(queued: QueuedExperiment, state: MemberState) -> RunSpec:
    """Return the spec with which a member starts: from its newest checkpoint, else from its beginning."""
    experiment, member = queued.experiment, state.member
    if experiment.population is not None:
        return round_spec(experiment, state, queued.states)
    beginning = member_spec(experiment, member, experiment.devices[0])
    return beginning if state.run is None else retry_spec(state, beginning)
