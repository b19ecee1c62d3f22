"""Work that agents start beside a training: evaluate, record, export, and fork a run. One piece at a time."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import msgspec

from curricula.errors import UsageError, UserError
from trainer_proc.contract.connection import is_live
from trainer_proc.contract.evaluation import Evaluation, Request, SuiteName
from trainer_proc.contract.knob import refusal, unknown_knob
from trainer_proc.contract.rollout_request import ROLLOUT, Recorded
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.contract.worker import Progress
from tui.session.agents.changes import GUARDS, AgentChanges, ChangeRefused, knob_value
from tui.session.agents.observed import ObservedRun, ObservedRuns
from tui.session.backends.devices import list_devices
from tui.session.backends.work import do_work
from tui.session.evaluations.run import evaluate
from tui.session.evaluations.targets import Target, checkpoint_of, chosen_device
from tui.session.experiments.launchers.every import launch
from tui.session.exporting import export_checkpoint, export_live
from tui.session.launching.continuing import continued_spec
from tui.session.launching.spec_checks import check_device, checked_spec
from tui.session.rollouts.request import make_requests
from tui.session.runs.checkpoints import BEST, LATEST, find_checkpoint

Report = Callable[[Progress], None]


class AgentWork:
    """Does the work of one agent. Thread-safe."""

    def __init__(self, runs: ObservedRuns, changes: AgentChanges) -> None:
        self._runs = runs
        self._changes = changes
        self._busy = threading.Lock()

    def evaluate(
        self, run: str, checkpoint: str, suite: SuiteName, episodes: int, report: Report, cancelled: Event
    ) -> Evaluation:
        """Evaluate a checkpoint by a suite, without exploration noise. Raises `UserError`."""
        folder = self._runs.get(run).folder
        request = Request(
            run=str(folder.path),
            checkpoint=str(_checkpoint(folder, checkpoint)),
            suite=suite,
            device=chosen_device(folder, None),
            episodes=episodes,
        )
        with self._working():
            return evaluate(request, report, cancelled)

    def rollout(
        self, run: str, checkpoint: str, seconds: float, command: tuple[float, ...], report: Report, cancelled: Event
    ) -> Recorded:
        """Record what a checkpoint does, into the run's folder. Raises `UserError`."""
        folder = self._runs.get(run).folder
        target = Target(folder, _checkpoint(folder, checkpoint))
        (request,) = make_requests(
            [target], None, [chosen_device(folder, None)], seconds=seconds, command=command, pushes=(), seed=0
        )
        with self._working():
            return do_work(ROLLOUT, request, folder.read_spec().backend, report, cancelled)

    def export(self, run: str, checkpoint: str | None) -> dict[str, Any]:
        """Export the live policy, or a checkpoint, into the run's folder. Raises `UserError`."""
        folder = self._runs.get(run).folder
        with self._working():
            if checkpoint is None and is_live(folder):
                result = export_live(folder)
            else:
                result = export_checkpoint(folder, _checkpoint(folder, checkpoint or LATEST))
        record: dict[str, Any] = msgspec.to_builtins(result)
        return record | {"folder": str(folder.exported)}

    def fork(
        self,
        run: str,
        *,
        at: str,
        without: int | None,
        values: Mapping[str, Any],
        iterations: int | None,
        name: str | None,
        reason: str,
        report: Report,
        cancelled: Event,
    ) -> dict[str, Any]:
        """Start a new run from a checkpoint, after the user's confirmation. Raises `UserError`.

        `without` is the number of a change: the fork begins at the newest checkpoint before it, without the change, so
        that `impact` can compare with it.
        """
        observed = self._runs.get(run)
        with observed.lock:
            observed.update()
            if without is not None:
                at = _before(observed, without)
            _check_checkpoint(at)
            spec = continued_spec(observed.folder, observed.state, iterations, at)
            known = {knob: _value(knob, value, observed) for knob, value in values.items()}
        spec = checked_spec(msgspec.structs.replace(spec, set=known, name=spec.name if name is None else name))
        check_device(spec, list_devices())
        self._changes.confirm(run, _fork_text(observed.folder, spec), reason, report, cancelled)
        forked = launch(spec, self._runs.log_root)
        return {"run": forked.name, "folder": str(forked.path), "checkpoint": spec.checkpoint, "set": spec.set}

    @contextmanager
    def _working(self) -> Iterator[None]:
        if not self._busy.acquire(blocking=False):
            raise UserError("expected one evaluation, rollout or export at a time: wait for the one that runs")
        try:
            yield
        finally:
            self._busy.release()


def _checkpoint(folder: RunFolder, text: str) -> Path:
    _check_checkpoint(text)
    return checkpoint_of(folder, text).resolve()


def _check_checkpoint(text: str) -> None:
    """Raise `UsageError` for a path: an agent names checkpoints of its run only."""
    if text not in (LATEST, BEST) and not re.fullmatch(r"\d{1,18}", text):
        raise UsageError(f"expected an iteration, {LATEST} or {BEST}, got {text}")


def _before(observed: ObservedRun, number: int) -> str:
    """Return the iteration of the newest checkpoint before a change. Raises `UserError`."""
    applied = observed.state.interventions.get(number)
    if applied is None:
        raise UsageError(f"no applied change #{number}")
    earlier = [path for path in observed.folder.checkpoints() if _iteration(path) < applied.iteration]
    if not earlier:
        raise ChangeRefused(f"no checkpoint is left from before #{number} (iteration {applied.iteration})")
    return str(_iteration(find_checkpoint(observed.folder, str(_iteration(earlier[-1])))))


def _iteration(checkpoint: Path) -> int:
    return int(checkpoint.stem.rpartition("_")[2])


def _value(name: str, given: Any, observed: ObservedRun) -> Any:
    if name not in observed.state.knobs:
        raise UsageError(unknown_knob(name, list(observed.state.knobs)))
    if name.startswith(GUARDS):
        raise ChangeRefused(f"{name} is the user's: agents can't change guards")
    value = knob_value(name, given)
    if reason := refusal(observed.state.knobs[name].knob, value):
        raise UsageError(reason)
    return value


def _fork_text(folder: RunFolder, spec: RunSpec) -> str:
    changed = f", with {', '.join(spec.set)}" if spec.set else ""
    checkpoint = Path(spec.checkpoint).name
    return f"fork {folder.name} at {checkpoint}: {spec.iterations} iterations on {spec.device}{changed}"
