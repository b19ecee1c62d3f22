"""Attaches fast mode to rsl-rl's PPO, on the instance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from trainer_proc.fast.part import Part
from trainer_proc.fast.ppo.adam import keep_counters_out_of_files
from trainer_proc.fast.ppo.episodes import EpisodeStatistics
from trainer_proc.fast.ppo.nan_check import NanCheck
from trainer_proc.fast.ppo.rollout import Rollout
from trainer_proc.fast.ppo.support import (
    counted_rows,
    reason_against_method,
    reason_against_policy,
    reason_against_storing,
    reason_against_update,
)
from trainer_proc.fast.ppo.update import Update
from trainer_proc.fast.report import FastReport
from trainer_proc.metrics.update_part import RecordedUpdate

ACT, PROCESS, RETURNS, UPDATE = "ppo/act", "ppo/process_env_step", "ppo/compute_returns", "ppo/update"
DESCENT = "ppo/update/descent"
"""The part of the update after several processes have summed their gradients."""
_METHODS = {ACT: "act", PROCESS: "process_env_step", RETURNS: "compute_returns", UPDATE: "update"}


class FastPpo:
    """rsl-rl's PPO with captured parts."""

    def __init__(self, update: Update, nan: NanCheck, process: Part) -> None:
        self._update = update
        self._nan = nan
        self._process = process

    def on_update(self, record: Callable[[RecordedUpdate], None]) -> None:
        """Have `record` called after each captured update, before `update` returns."""
        self._update.record = record

    def check_for_nan(self, is_wanted: bool) -> bool:
        """Check what the environment returns from now on, if wanted; return whether this is done here.

        `ValueError` is then raised by `compute_returns`, or at the step if that runs eagerly.
        """
        self._nan.is_on = is_wanted and not self._process.never
        return self._nan.is_on


def attach_fast_ppo(runner: Any, report: FastReport) -> FastPpo | None:
    """Have parts of the runner's algorithm captured from their second call on; return None if none can be captured.

    To be called after `NoiseFree.install` and before anything else wraps methods of the algorithm or the logger: later
    wrappers are called at each replay. `report` lists the parts.
    """
    algorithm, logger = runner.alg, runner.logger
    entries = {name: report.part(name) for name in _METHODS}
    why = reason_against_policy(algorithm)
    if why:
        for entry in entries.values():
            entry.is_eager(why)
        return None
    reasons = {name: reason_against_method(algorithm, method) for name, method in _METHODS.items()}
    reasons[PROCESS] = reasons[PROCESS] or reason_against_storing(algorithm)
    reasons[UPDATE] = reasons[UPDATE] or reason_against_update(algorithm)
    device = next(algorithm.actor.parameters()).device
    parts = {name: Part(entry, device, never=reasons[name]) for name, entry in entries.items()}
    with torch.inference_mode(False):
        invalid = torch.zeros((), dtype=torch.bool, device=device)
    nan = NanCheck(device)
    is_counting, rows = counted_rows(logger, algorithm)
    is_counting = is_counting and not reasons[PROCESS]
    Rollout(
        algorithm,
        act=parts[ACT],
        process=parts[PROCESS],
        returns=parts[RETURNS],
        invalid=invalid,
        nan=nan,
        episodes=EpisodeStatistics(logger, rows, algorithm.storage.num_transitions_per_env) if is_counting else None,
    )
    keep_counters_out_of_files(algorithm.optimizer)
    after = Part(report.part(DESCENT), device, never=reasons[UPDATE]) if algorithm.is_multi_gpu else None
    return FastPpo(Update(algorithm, parts[UPDATE], invalid, after), nan, parts[PROCESS])
