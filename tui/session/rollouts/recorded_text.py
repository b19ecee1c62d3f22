"""A recorded rollout in one line."""

from __future__ import annotations

from pathlib import Path

from trainer_proc.contract.rollout_request import Recorded
from tui.session.numbers import amount, number


def recorded_text(recorded: Recorded, shown_path: Path) -> str:
    """Return file, length, falls, errors, and notes in one line each below."""
    falls = {0: "no fall", 1: "1 fall"}.get(recorded.falls, f"{recorded.falls} falls")
    parts = [f"{recorded.seconds:g} s", falls]
    if recorded.velocity_error is not None:
        parts.append(f"velocity error {number(recorded.velocity_error)} m/s")
    if recorded.reward is not None:
        parts.append(f"reward {number(recorded.reward)}/s")
    parts.append(amount(recorded.size))
    return "\n".join([f"{shown_path}: {', '.join(parts)}", *(f"  {note}" for note in recorded.notes)])
