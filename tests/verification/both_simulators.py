"""Plays the same cells in the training's simulator and in MuJoCo."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trainer_proc.contract.bundle.gate import GateCell
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.deploy.bundle import load_bundle
from trainer_proc.evaluation.nominal import nominal_stage
from trainer_proc.evaluation.prepare import prepare
from trainer_proc.evaluation.reference.conditions import Episode
from trainer_proc.evaluation.reference.reference import play_episodes
from trainer_proc.verification.play import Player
from trainer_proc.verification.suite import judge_for

_SEED = 3


def play_in_both(run: RunFolder, policy: Path, bundle_folder: Path, cells: Sequence[GateCell]) -> tuple[Any, Any]:
    """Return the trajectories by cell, MuJoCo's first, and the trace of the training's simulator."""
    bundle = load_bundle(bundle_folder)
    prepared = prepare(str(run.path), str(policy), device="cpu", seed=0, report=lambda one: None)
    with nominal_stage(prepared, len(cells), lambda one: None) as stage:
        there = play_episodes(stage, bundle, prepared, [Episode(one, _SEED) for one in cells], lambda one: None)
    player = Player(bundle, judge_for(bundle.card)[0])
    pairs = zip(cells, there.trajectories, strict=True)
    return {one.name: (player.trajectory(one, _SEED), trajectory) for one, trajectory in pairs}, there.trace
