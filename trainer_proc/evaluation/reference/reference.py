"""Makes a bundle's reference: build its run's task, play the gate's plan, write `reference.json` and `trace.npz`."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import torch

from trainer_proc.contract.bundle.card import REFERENCE, TRACE, PolicyCard
from trainer_proc.contract.bundle.gate import motion_command_of, steps_of, velocity_command_of, velocity_of
from trainer_proc.contract.bundle.gate_plan import plan_of
from trainer_proc.contract.bundle.reference_request import ReferenceRequest
from trainer_proc.contract.bundle.trace import Trace, write_trace
from trainer_proc.contract.bundle.verification import SuiteResult, write_json
from trainer_proc.contract.evaluation import EvaluationError
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.worker import Progress
from trainer_proc.deploy.bundle import Bundle, load_bundle
from trainer_proc.evaluation.golden_trace import STEPS, TraceRecorder
from trainer_proc.evaluation.nominal import nominal_stage
from trainer_proc.evaluation.policy import Policy, load_policy
from trainer_proc.evaluation.prepare import Prepared, prepare
from trainer_proc.evaluation.pushed import pushed_robot
from trainer_proc.evaluation.reference.conditions import Conditions, Episode
from trainer_proc.evaluation.reference.recorder import TrajectoryRecorder
from trainer_proc.evaluation.reference.tracked import TrackedMotion
from trainer_proc.evaluation.stage import Stage
from trainer_proc.export.provenance import versions
from trainer_proc.verification.measured import measured
from trainer_proc.verification.success import Judge
from trainer_proc.verification.suite import judge_for, result_of
from trainer_proc.verification.trajectory import Trajectory

Report = Callable[[Progress], None]

_MOST_ENVIRONMENTS = {"cpu": 128, "cuda": 4096}
_REPORTED_STEPS = 25
_BACKENDS = ("mjlab",)
"""Those whose episodes can start as the gate's do, `Simulator.starts`."""


@dataclass(frozen=True)
class Played:
    """The episodes' trajectories, the trace of one of them, and the recorder with the joints' limits."""

    trajectories: list[Trajectory]
    trace: Trace
    recorder: TrajectoryRecorder


def make_reference(request: ReferenceRequest, report: Report) -> SuiteResult:
    """Return the result, which is also written into the bundle with the trace. Raises `UserError`."""
    backend = RunFolder(Path(request.run)).read_spec().backend
    if backend not in _BACKENDS:
        raise EvaluationError(
            f"expected a run of {' or '.join(_BACKENDS)}, got one of {backend}: no reference for it yet"
        )
    bundle = load_bundle(Path(request.bundle))
    plan = [cell for cell in plan_of(bundle.card, request.level) if not cell.noise]  # it would be another noise
    judge, notes = judge_for(bundle.card)
    prepared = prepare(request.run, request.policy, device=request.device, seed=0, report=report)
    episodes = [Episode(cell, seed) for cell in plan for seed in range(cell.episodes)]
    count = min(len(episodes), _MOST_ENVIRONMENTS[request.device.partition(":")[0]])
    with nominal_stage(prepared, count, report) as stage:
        _use_full_precision()
        began = time.monotonic()
        played = play_episodes(stage, bundle, prepared, episodes, report)
        seconds = time.monotonic() - began
        notes = (*stage.notes, *notes)
        values = iter(_values(bundle.card, judge, episodes, played))
    result = SuiteResult(
        simulator=backend,
        versions=versions(),
        level=request.level,
        policy_sha256=hashlib.sha256(prepared.policy.read_bytes()).hexdigest(),
        run=bundle.card.run,
        iteration=bundle.card.iteration,
        cells=tuple(result_of(cell, [next(values) for _ in range(cell.episodes)]) for cell in plan),
        notes=notes,
        seconds=seconds,
        finished=datetime.now().astimezone().isoformat(timespec="seconds"),
    )
    _write(bundle, played.trace, result)
    return result


def _use_full_precision() -> None:
    """Switch off TF32, which mjlab switches on for a GPU: its actions would differ from those of `policy.onnx`."""
    backends: tuple[Any, ...] = (torch.backends.cuda.matmul, torch.backends.cudnn)
    for backend in backends:
        backend.fp32_precision = "ieee"


def _values(
    card: PolicyCard, judge: Judge, episodes: Sequence[Episode], played: Played
) -> list[dict[str, float | None]]:
    """Return the values of each episode by measure."""
    command, ends = velocity_command_of(card), played.recorder.ends()
    return [
        measured(trajectory, None if command is None else velocity_of(command, episode.cell.command), judge, ends)
        for episode, trajectory in zip(episodes, played.trajectories, strict=True)
    ]


def _write(bundle: Bundle, trace: Trace, result: SuiteResult) -> None:
    try:
        write_trace(bundle.folder / TRACE, trace)
    except OSError as error:
        raise EvaluationError(f"the trace can't be written: {error}") from error
    write_json(bundle.folder / REFERENCE, result)


def play_episodes(
    stage: Stage, bundle: Bundle, prepared: Prepared, episodes: Sequence[Episode], report: Report
) -> Played:
    """Play episodes in a built nominal environment, in as many rounds as they need. Raises `UserError`."""
    simulator = stage.simulator
    robot = simulator.robot() if simulator is not None else None
    starts = simulator.starts(robot) if simulator is not None and robot is not None else None
    mechanics = simulator.mechanics(robot) if simulator is not None and robot is not None else None
    if simulator is None or starts is None or mechanics is None:
        raise EvaluationError(f"no reference: episodes of {stage.spec.backend} can't start as the gate's do yet")
    policy = load_policy(stage.runner, prepared.played, prepared.content)
    tracked = None if motion_command_of(bundle.card) is None else TrackedMotion(bundle, stage.task, robot)
    conditions = Conditions(stage, bundle, pushed_robot(simulator), starts, tracked)
    root = None if getattr(robot, "is_fixed_base", False) else simulator.root(robot)
    recorder = TrajectoryRecorder(root, mechanics, float(stage.task.step_dt), tracked)
    motion_steps = None if tracked is None else tracked.steps
    frames = [term.frame for term in bundle.card.observation_terms if term.frame]
    count = int(stage.env.num_envs)
    rounds = math.ceil(len(episodes) / count)
    traced = _traced_episode(episodes)
    trajectories: list[Trajectory] = []
    trace: Trace | None = None
    for number in range(rounds):
        of_round = episodes[number * count : (number + 1) * count]
        tracer = None
        if traced // count == number:
            steps = min(STEPS, _steps(of_round, stage, motion_steps))
            tracer = TraceRecorder(stage, robot, frames, environment=traced % count, steps=steps)
        conditions.begin(of_round)
        progress = _Progress(report, number, rounds, of_round, _steps(of_round, stage, motion_steps))
        _play_round(stage, policy, recorder, tracer, bundle.card, progress)
        trajectories += recorder.trajectories(of_round)
        if tracer is not None:
            trace = tracer.trace(prepared, bundle.card.run)
    assert trace is not None
    return Played(trajectories, trace, recorder)


@dataclass(frozen=True)
class _Progress:
    report: Report
    number: int
    rounds: int
    episodes: Sequence[Episode]
    steps: int

    def __call__(self, step: int) -> None:
        if step % _REPORTED_STEPS == 0:
            text = f"{len(self.episodes)} episodes in the training simulator"
            self.report(Progress(self.number * self.steps + step, self.rounds * self.steps, text))


def _play_round(
    stage: Stage,
    policy: Policy,
    recorder: TrajectoryRecorder,
    tracer: TraceRecorder | None,
    card: PolicyCard,
    progress: _Progress,
) -> None:
    observations = stage.reset(0)
    policy.reset()
    recorder.start()
    for step in range(progress.steps):
        progress(step)
        if tracer is not None:
            tracer.observed(observations)
        actions = policy.act(observations)
        observations, *_ = stage.env.step(actions.to(stage.task.device))
        if tracer is not None:
            tracer.acted(actions)
        recorder.record(_limited(actions, card.clip_actions))


def _limited(actions: torch.Tensor, limit: float | None) -> torch.Tensor:
    return actions if limit is None else actions.clamp(-limit, limit)


def _steps(episodes: Sequence[Episode], stage: Stage, motion_steps: int | None) -> int:
    return max(steps_of(episode.cell, float(stage.task.step_dt), motion_steps) for episode in episodes)


def _traced_episode(episodes: Sequence[Episode]) -> int:
    """Return the undisturbed episode that moves the most parts: it shows the most."""

    def shown(number: int) -> tuple[bool, int, float]:
        cell = episodes[number].cell
        is_nominal = cell.push is None and not cell.latency_steps and cell.motor_strength == 1.0
        return is_nominal, sum(value != 0.0 for value in cell.command), -number

    return max(range(len(episodes)), key=shown)
