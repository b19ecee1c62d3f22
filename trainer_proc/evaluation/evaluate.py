"""Evaluates one policy with one suite: check the request, build, play, write the result."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from curricula.errors import UsageError
from presets.success import read_success
from trainer_proc.contract.evaluation import Cell, Evaluation, EvaluationError, Measure, Request, write_result
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.worker import Progress
from trainer_proc.evaluation.measures import measures_of
from trainer_proc.evaluation.play import play
from trainer_proc.evaluation.policy import load_policy
from trainer_proc.evaluation.prepare import Prepared, prepare, staged
from trainer_proc.evaluation.stage import Stage
from trainer_proc.evaluation.suites.registry import find_suite
from trainer_proc.evaluation.suites.suite import Plan, Suite
from trainer_proc.metrics.success.rules import make_rule
from trainer_proc.training.tables import read_table

_MOST_ENVIRONMENTS = {"cpu": 256, "cuda": 4096}
"""At once, unless the request says more."""


def evaluate(request: Request, report: Callable[[Progress], None]) -> Evaluation:
    """Return the result, which is also written into the run. Raises `UserError`; then nothing is written."""
    _check(request)
    suite = find_suite(request.suite)
    prepared = prepare(
        request.run,
        request.checkpoint,
        conditions=request.conditions,
        device=request.device,
        seed=request.seed,
        report=report,
    )
    overrides = suite.overrides(prepared.spec, prepared.env_cfg)
    episodes = request.episodes or suite.episodes
    count = _environments(request, suite.cell_count(prepared.spec, prepared.env_cfg) * episodes)
    with staged(prepared, count, overrides, report) as stage:
        result = _played(request, suite, stage, prepared, episodes, report)
    report(Progress(0, 0, "writing the result"))
    try:
        write_result(RunFolder(Path(request.run)), result)
    except OSError as error:
        raise EvaluationError(f"the result can't be written: {error}") from error
    return result


def _check(request: Request) -> None:
    if request.episodes < 0:
        raise UsageError(f"expected at least 1 episode in each cell, got {request.episodes}")
    if request.num_envs < 0:
        raise UsageError(f"expected at least 1 environment, got {request.num_envs}")
    if not 0 <= request.seed < 2**31:
        raise UsageError(f"expected a seed from 0 to {2**31 - 1}, got {request.seed}")


def _environments(request: Request, episodes: int) -> int:
    limit = request.num_envs or _MOST_ENVIRONMENTS[request.device.partition(":")[0]]
    return max(1, min(episodes, limit))


def _played(
    request: Request,
    suite: Suite,
    stage: Stage,
    prepared: Prepared,
    episodes: int,
    report: Callable[[Progress], None],
) -> Evaluation:
    policy = load_policy(stage.runner, prepared.played, prepared.content)
    definition = read_table(read_success, stage.spec.success)
    stage.env.reset()  # some environments report their success from their first reset on
    rule = make_rule(definition, stage.task, stage.simulator)
    plan = suite.plan(stage)
    # cells take turns, so that each is played in every round
    cells = list(range(len(plan.cells))) * episodes
    text = f"{len(cells)} episodes in {stage.spec.num_envs} environments"
    began = time.monotonic()
    played = play(
        stage,
        policy,
        rule,
        plan.trial,
        cells,
        seed=request.seed,
        report=lambda done, total: report(Progress(done, total, text)),
    )
    seconds = time.monotonic() - began
    values = _by_cell(cells, played, len(plan.cells))
    measures = measures_of({name for row in played for name in row}, plan.measures)
    return Evaluation(
        suite=suite.name,
        run=RunFolder(Path(request.run)).name,
        checkpoint=prepared.policy.name,
        sha256=hashlib.sha256(prepared.policy.read_bytes()).hexdigest(),
        iteration=prepared.iteration,
        task=stage.spec.task,
        backend=stage.spec.backend,
        device=stage.spec.device,
        seed=request.seed,
        num_envs=stage.spec.num_envs,
        episode_seconds=float(stage.env.max_episode_length) * float(stage.task.step_dt),
        success=msgspec.to_builtins(definition),
        knobs=dict(stage.knobs),
        axes=plan.axes,
        measures=measures,
        cells=_cells(plan, values, measures, episodes),
        notes=(*stage.notes, *suite.notes(plan, values)),
        seconds=seconds,
        finished=datetime.now().astimezone().isoformat(timespec="seconds"),
    )


def _by_cell(
    cells: Sequence[int], played: Sequence[Mapping[str, float | None]], count: int
) -> list[dict[str, list[float | None]]]:
    values: list[dict[str, list[float | None]]] = [{} for _ in range(count)]
    for cell, row in zip(cells, played, strict=True):
        for name, value in row.items():
            values[cell].setdefault(name, []).append(value)
    return values


def _cells(
    plan: Plan, values: Sequence[Mapping[str, list[float | None]]], measures: Sequence[Measure], episodes: int
) -> tuple[Cell, ...]:
    return tuple(
        Cell(
            at=dict(at),
            episodes=episodes,
            values={measure.name: tuple(of_cell[measure.name]) for measure in measures},
        )
        for at, of_cell in zip(plan.cells, values, strict=True)
    )
