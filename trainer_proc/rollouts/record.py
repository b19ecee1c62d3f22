"""Records one rollout: check the request, build one environment, play the policy by its mean, write the file."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from statistics import fmean

from curricula.errors import UsageError
from trainer_proc.contract.codec import unpack_values
from trainer_proc.contract.robot import RobotState, Scene, is_planar
from trainer_proc.contract.rollout import RolloutHeader, write_rollout
from trainer_proc.contract.rollout_request import LONGEST_SECONDS, Recorded, RolloutRequest, default_file
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.worker import Progress, WorkerError
from trainer_proc.contract.worker_main import Report
from trainer_proc.evaluation.prepare import Prepared, prepare, staged
from trainer_proc.evaluation.stage import Stage
from trainer_proc.export.provenance import versions
from trainer_proc.rollouts.game import Game

_FASTEST = 100.0
"""Largest command or push (m/s, rad/s)."""


def record(request: RolloutRequest, report: Report) -> Recorded:
    """Return what was recorded; the file is written completely or not at all. Raises `UserError`."""
    _check(request)
    path = Path(request.output) if request.output else default_file(request)
    prepared = prepare(request.run, request.policy, device=request.device, seed=request.seed, report=report)
    with staged(prepared, 1, _overrides(prepared, request.seconds), report) as stage:
        game = Game(stage, prepared, request)
        states = list(game.play(report))
        header = _header(request, prepared, stage, game)
    report(Progress(0, 0, "writing the rollout"))
    try:
        if request.output:
            path.parent.mkdir(parents=True, exist_ok=True)
        else:
            RunFolder(Path(request.run)).make_folder(path.parent)
        write_rollout(path, header, game.scene, states)
        size = path.stat().st_size
    except OSError as error:
        raise WorkerError(f"the rollout can't be written: {error}") from error
    return _recorded(path, size, header, game.scene, states)


def _check(request: RolloutRequest) -> None:
    if not 0.0 < request.seconds <= LONGEST_SECONDS:
        raise UsageError(f"expected up to {LONGEST_SECONDS:g} seconds, got {request.seconds:g}")
    if not 0 <= request.seed < 2**31:
        raise UsageError(f"expected a seed from 0 to {2**31 - 1}, got {request.seed}")
    if len(request.command) not in (0, 3):
        raise UsageError(f"expected a command of 3 values (forward, lateral, yaw), got {len(request.command)}")
    values = [*request.command, *(value for push in request.pushes for value in (push.forward, push.lateral))]
    if wrong := [value for value in values if not abs(value) <= _FASTEST]:
        raise UsageError(f"expected velocities up to {_FASTEST:g}, got {wrong[0]:g}")
    if late := [push.at for push in request.pushes if not 0.0 <= push.at < request.seconds]:
        raise UsageError(f"expected a push before the end at {request.seconds:g} s, got one at {late[0]:g} s")


def _overrides(prepared: Prepared, seconds: float) -> dict[str, float]:
    """Return what makes an episode last to the end of the rollout, unless it ends otherwise."""
    longest = float(prepared.env_cfg.episode_length_s)
    return {"env.episode_length_s": seconds + 1.0} if longest < seconds + 1.0 else {}


def _header(request: RolloutRequest, prepared: Prepared, stage: Stage, game: Game) -> RolloutHeader:
    return RolloutHeader(
        task=stage.spec.task,
        backend=stage.spec.backend,
        run=RunFolder(Path(request.run)).name,
        policy=prepared.policy.name,
        iteration=prepared.iteration,
        seed=request.seed,
        seconds=request.seconds,
        state_seconds=game.stride * game.scene.step_seconds,
        command=request.command,
        pushes=request.pushes,
        terrain=request.terrain,
        notes=tuple(stage.notes),
        made_with=versions(),
        made=datetime.now().astimezone().isoformat(timespec="seconds"),
    )


def _recorded(path: Path, size: int, header: RolloutHeader, scene: Scene, states: Sequence[RobotState]) -> Recorded:
    follows = [state for state in states if is_planar(scene.command) and len(state.velocity) == 12]
    endings = Counter(state.ended for state in states if state.ended)
    return Recorded(
        path=str(path),
        iteration=header.iteration,
        seconds=header.seconds,
        states=len(states),
        size=size,
        endings=dict(endings),
        falls=sum(bool(state.ended) and not state.is_time_out for state in states),
        reward=_mean([math.fsum(unpack_values(state.rewards)) for state in states if state.rewards]),
        velocity_error=_mean([_error(state) for state in follows]),
        notes=header.notes,
    )


def _mean(values: Sequence[float]) -> float | None:
    finite = [value for value in values if math.isfinite(value)]
    return fmean(finite) if finite else None


def _error(state: RobotState) -> float:
    """Return the distance of the velocity from the command in the plane (m/s)."""
    return math.dist(unpack_values(state.velocity)[:2], unpack_values(state.command)[:2])
