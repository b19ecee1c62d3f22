"""Evaluations during training: a checkpoint is saved, and a process of its own plays it beside the training."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

from presets.evaluation import PREFIX, PeriodicEvaluation
from trainer_proc.contract.best_checkpoint import BestCheckpoint, keep_best, read_best
from trainer_proc.contract.evaluation import EVALUATION, Evaluation, Request, is_condition, result_file, values_of
from trainer_proc.contract.knob import value_text
from trainer_proc.contract.messages import TrainerBody
from trainer_proc.contract.products import EvaluationFailed, EvaluationFinished, EvaluationStarted
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.steering.guards import BEST, JUDGED_BY
from trainer_proc.training.periodic_work import Arrived, PeriodicWork


class PeriodicEvaluations(PeriodicWork[Evaluation]):
    """Evaluates checkpoints as `asked`, and keeps the best one. `device` is used if none is asked for."""

    worker = EVALUATION

    def __init__(
        self,
        folder: RunFolder,
        asked: PeriodicEvaluation,
        device: str,
        emit: Callable[[TrainerBody], None],
        python: tuple[str, ...] = (sys.executable,),
        turn: threading.Lock | None = None,
    ) -> None:
        super().__init__(folder, asked.every, asked.device or device, emit, python, turn)
        self._asked = asked

    def is_due_at_end(self, iteration: int) -> bool:
        """As for other work, but one that ends before the first interval is a trial, which needn't wait for minutes."""
        return super().is_due_at_end(iteration) and iteration + 1 >= self._asked.every

    def request(self, checkpoint: Path) -> Request:
        return Request(
            run=str(self.folder.path),
            checkpoint=str(checkpoint),
            suite=self._asked.suite,
            episodes=self._asked.episodes,
            device=self.device,
        )

    def log(self) -> Path:
        return self.folder.evaluations / "console.log"

    def started(self, iteration: int, stall_ms: float) -> None:
        self.emit(EvaluationStarted(iteration, self._asked.suite, self.device, stall_ms))

    def finished(self, iteration: int, checkpoint: Path, result: Evaluation, seconds: float) -> Arrived:
        means = means_of(result)
        best, is_best = self._best(iteration, means, conditions_of(result))
        values = {f"{PREFIX}{name}": value for name, value in means.items()}
        if best is not None:
            values[BEST] = best.value
        body = EvaluationFinished(
            iteration=iteration,
            suite=result.suite,
            values=values,
            folder=str(result_file(self.folder, checkpoint.name, result.suite).parent.relative_to(self.folder.path)),
            episodes=sum(cell.episodes for cell in result.cells),
            seconds=seconds,
            is_best=is_best,
        )
        return Arrived(iteration, body, values)

    def failed(self, iteration: int, reason: str) -> EvaluationFailed:
        return EvaluationFailed(iteration, reason)

    def _best(self, iteration: int, means: dict[str, float], conditions: str) -> tuple[BestCheckpoint | None, bool]:
        """Return the best checkpoint so far, and whether it is this one."""
        measures = (name.removeprefix(PREFIX) for name in JUDGED_BY)
        measure = next((name for name in measures if name in means), None)
        before = read_best(self.folder)
        if measure is None:
            return before, False
        this = BestCheckpoint(
            iteration=iteration,
            suite=self._asked.suite,
            measure=measure,
            value=means[measure],
            conditions=conditions,
        )
        if before is not None and not is_better(this, before):
            return before, False
        keep_best(self.folder, this)
        return this, True


def means_of(result: Evaluation) -> dict[str, float]:
    """Return the mean of each measure over the episodes of all cells that have it."""
    values = {measure.name: values_of(result.cells, measure.name) for measure in result.measures}
    return {name: fmean(found) for name, found in values.items() if found}


def conditions_of(result: Evaluation) -> str:
    """Return the changed knobs that decide what was asked of the policy, as text: levels, ranges, randomization."""
    knobs = {name: value for name, value in sorted(result.knobs.items()) if is_condition(name)}
    return " ".join(f"{name}={value_text(value)}" for name, value in knobs.items())


def is_better(new: BestCheckpoint, old: BestCheckpoint) -> bool:
    """Return whether `new` replaces `old`: it reached as much, or other things were asked, so that none is better."""
    is_comparable = (new.suite, new.measure, new.conditions) == (old.suite, old.measure, old.conditions)
    return not is_comparable or new.value >= old.value
