"""Rollouts in one line each."""

from __future__ import annotations

from pathlib import Path

from trainer_proc.contract.amounts import amount
from trainer_proc.contract.products import RolloutFailed, RolloutRecorded
from trainer_proc.contract.rollout_request import Recorded
from tui.session.numbers import number


def recorded_text(recorded: Recorded, shown_path: Path) -> str:
    """Return file, length, falls, errors, and notes in one line each below."""
    parts = [f"{recorded.seconds:g} s", _falls(recorded.falls)]
    if recorded.velocity_error is not None:
        parts.append(f"velocity error {number(recorded.velocity_error)} m/s")
    if recorded.reward is not None:
        parts.append(f"reward {number(recorded.reward)}/s")
    parts.append(amount(recorded.size))
    return "\n".join([f"{shown_path}: {', '.join(parts)}", *(f"  {note}" for note in recorded.notes)])


def rollout_result(rollout: RolloutRecorded | RolloutFailed) -> str:
    """Return one line about a rollout beside the training."""
    if isinstance(rollout, RolloutFailed):
        return f"rollout of iteration {rollout.iteration}: {rollout.reason}"
    return f"rollout of iteration {rollout.iteration} recorded: {_falls(rollout.falls)}"


def _falls(count: int) -> str:
    return {0: "no fall", 1: "1 fall"}.get(count, f"{count} falls")
