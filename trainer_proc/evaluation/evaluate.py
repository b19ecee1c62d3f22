"""Evaluates one policy with one suite: check the request, build, play, write the result."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from curricula.errors import UsageError, message_of
from presets.success import read_success
from trainer_proc.checkpoints.load import read_checkpoint
from trainer_proc.contract.evaluation import Cell, Evaluation, EvaluationError, Measure, Request, write_result
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.contract.worker import Progress
from trainer_proc.evaluation.measures import measures_of
from trainer_proc.evaluation.play import play
from trainer_proc.evaluation.policy import (
    conditions_of_exported,
    is_exported,
    iteration_in,
    load_policy,
    read_policy_file,
)
from trainer_proc.evaluation.stage import Stage, built_stage
from trainer_proc.evaluation.suites.registry import find_suite
from trainer_proc.evaluation.suites.suite import Plan, Suite
from trainer_proc.metrics.success.rules import make_rule
from trainer_proc.training.preflight import check_launch
from trainer_proc.training.tables import read_table

_MOST_ENVIRONMENTS = {"cpu": 256, "cuda": 4096}
"""At once, unless the request says more."""
_NO_MEMORY = ("out of memory", "failed to allocate", "can't allocate memory")


def evaluate(request: Request, report: Callable[[Progress], None]) -> Evaluation:
    """Return the result, which is also written into the run. Raises `UserError`; then nothing is written."""
    _check(request)
    folder, path = RunFolder(Path(request.run)), Path(request.checkpoint)
    spec = folder.read_spec()
    if spec.library not in ("", "rsl_rl"):
        raise UsageError(f"expected a run of rsl_rl, got one of {spec.library}: its policies can't be evaluated yet")
    suite = find_suite(request.suite)
    content = read_policy_file(path)
    conditions, origin, notes = _conditions(request, folder, path, content)
    report(Progress(0, 0, f"loading {spec.backend}"))
    spec = msgspec.structs.replace(
        spec, device=request.device, seed=request.seed, processes=1, checkpoint="" if is_exported(path) else str(path)
    )
    backend, spec = check_launch(spec)
    env_cfg, _ = backend.configurations(spec)
    overrides = {"agent.num_steps_per_env": 1, **suite.overrides(spec, env_cfg)}  # no rollout is stored
    episodes = request.episodes or suite.episodes
    count = _environments(request, suite.cell_count(spec, env_cfg) * episodes)
    spec = msgspec.structs.replace(spec, num_envs=count, overrides=spec.overrides | overrides)
    with _memory_explained(spec):
        report(Progress(0, 0, f"building {count} environments of {spec.task} on {spec.device}"))
        with built_stage(backend, spec, conditions, origin) as stage:
            stage.notes += notes
            result = _played(request, suite, stage, path, content, episodes, report)
    report(Progress(0, 0, "writing the result"))
    try:
        write_result(folder, result)
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


def _conditions(
    request: Request, folder: RunFolder, path: Path, content: dict[str, Any]
) -> tuple[dict[str, Any], str, list[str]]:
    """Return the content and the name of the checkpoint whose knob values apply, and what to note about it."""
    if request.conditions:
        return read_checkpoint(Path(request.conditions)), Path(request.conditions).name, []
    if not is_exported(path):
        return content, path.name, []
    origin = conditions_of_exported(folder, content.get("iter"))
    if origin is None:
        return {}, "", [f"{path.name} has no knob values and its run no checkpoint: those of the launch are in force"]
    return read_checkpoint(origin), origin.name, [f"knob values in force: those of {origin.name}"]


def _environments(request: Request, episodes: int) -> int:
    limit = request.num_envs or _MOST_ENVIRONMENTS[request.device.partition(":")[0]]
    return max(1, min(episodes, limit))


def _played(
    request: Request,
    suite: Suite,
    stage: Stage,
    path: Path,
    content: dict[str, Any],
    episodes: int,
    report: Callable[[Progress], None],
) -> Evaluation:
    policy = load_policy(stage.runner, path, content)
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
        checkpoint=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        iteration=iteration_in(path, content),
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


@contextmanager
def _memory_explained(spec: RunSpec) -> Iterator[None]:
    """Turn a simulator's or torch's error about memory into one line."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not any(text in str(error).lower() for text in _NO_MEMORY):
            raise
        raise EvaluationError(
            f"not enough memory on {spec.device} for {spec.num_envs} environments ({message_of(error, 100)}): "
            "choose fewer environments or another device"
        ) from error
