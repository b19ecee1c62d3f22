"""Plays the whole plan of a gate in MuJoCo, several episodes at once."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from datetime import datetime
from importlib.metadata import version

from presets.success import Success, read_success
from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.bundle.gate import GateCell, GateRefused, Level, motion_command_of, velocity_command_of
from trainer_proc.contract.bundle.gate_plan import plan_of
from trainer_proc.contract.bundle.verification import MEASURES, CellResult, SuiteResult
from trainer_proc.contract.worker import Progress
from trainer_proc.deploy.bundle import Bundle
from trainer_proc.verification.play import Player
from trainer_proc.verification.success import Judge, judge_of, judge_tracking
from trainer_proc.verification.tracking import check_tracking, motion_notes

_PACKAGES = ("mujoco", "onnxruntime", "numpy")
_MOST_THREADS = 8
"""More would wait for each other: a third of an episode is Python."""
_Values = dict[str, float | None]


def play_suite(bundle: Bundle, level: Level, report: Callable[[Progress], None], threads: int = 0) -> SuiteResult:
    """Play every cell of the plan; `threads` as in `VerifyRequest`. Raises `GateRefused` or `BundleRefused`."""
    plan = plan_of(bundle.card, level)
    judge, notes = judge_for(bundle.card)
    began = time.monotonic()
    values = _played(bundle, judge, plan, report, threads or min(os.cpu_count() or 1, _MOST_THREADS))
    return SuiteResult(
        simulator="mujoco",
        versions={name: version(name) for name in _PACKAGES},
        level=level,
        policy_sha256=bundle.card.onnx_sha256,
        run=bundle.card.run,
        iteration=bundle.card.iteration,
        cells=tuple(result_of(cell, of_cell) for cell, of_cell in zip(plan, values, strict=True)),
        notes=(*notes, *motion_notes(bundle)),
        seconds=time.monotonic() - began,
        finished=datetime.now().astimezone().isoformat(timespec="seconds"),
    )


def success_of(card: PolicyCard) -> tuple[Success, tuple[str, ...]]:
    """Return the definition by which episodes are judged, and what a reader must know of it.

    A policy with a velocity command must follow it, whatever the training counted as success.
    """
    definition = read_success(card.success)
    if velocity_command_of(card) is None or definition.kind == "velocity":
        return definition, ()
    found = definition if definition.kind == "upright" else Success(kind="velocity")
    episodes = "episodes with another command than 0" if definition.kind == "upright" else "episodes"
    limits = f"{found.linear_error:g} m/s and {found.angular_error:g} rad/s"
    return found, (f"the training's success was {definition.kind}: {episodes} are judged by velocity errors, {limits}",)


def judge_for(card: PolicyCard) -> tuple[Judge, tuple[str, ...]]:
    """Return how episodes are judged, and what a reader must know of it. Raises `GateRefused`."""
    if motion_command_of(card) is not None:
        check_tracking(card)
        return judge_tracking, ()
    definition, notes = success_of(card)
    return _judge(definition), notes


def _judge(definition: Success) -> Judge:
    judge = judge_of(definition)
    if judge is None:
        raise GateRefused(
            f"policy.json: success: expected kind velocity, upright or time-out, got {definition.kind}, "
            "which needs the training's environment: use evaluate"
        )
    return judge


def _played(
    bundle: Bundle, judge: Judge, plan: Sequence[GateCell], report: Callable[[Progress], None], threads: int
) -> list[list[_Values]]:
    """Return the values of each episode of each cell. Threads share the policy: MuJoCo and onnxruntime run beside."""
    local = threading.local()
    stopped = threading.Event()

    def play(cell: GateCell, episode: int) -> _Values:
        if stopped.is_set():
            return {}
        if not hasattr(local, "player"):
            local.player = Player(bundle, judge)
        found: _Values = local.player.play(cell, episode)
        return found

    with ThreadPoolExecutor(threads) as pool:
        try:
            futures = [[pool.submit(play, cell, episode) for episode in range(cell.episodes)] for cell in plan]
            _report_done([future for of_cell in futures for future in of_cell], report)
            return [[future.result() for future in of_cell] for of_cell in futures]
        finally:
            stopped.set()  # after an error or an interruption, the waiting episodes are not played


def _report_done(futures: Sequence[Future[_Values]], report: Callable[[Progress], None]) -> None:
    for done, future in enumerate(as_completed(futures), 1):
        future.result()
        report(Progress(done, len(futures), f"{len(futures)} episodes in MuJoCo"))


def result_of(cell: GateCell, episodes: Sequence[_Values]) -> CellResult:
    """Return a cell's result from the values of its episodes by measure, in the order of the seeds."""
    names = [measure.name for measure in MEASURES if any(measure.name in values for values in episodes)]
    return CellResult(cell=cell, values={name: tuple(values.get(name) for values in episodes) for name in names})
