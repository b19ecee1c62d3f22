"""What each suite of an evaluation does, in a few words."""

from __future__ import annotations

from trainer_proc.contract.evaluation import SuiteName

SUITE_TEXTS: dict[SuiteName, str] = {
    "quick": "success and score on the run's own commands",
    "commands": "a grid of commands: errors, velocities, dead zones",
    "pushes": "pushes in eight directions: survival, recovery time",
    "terrain": "each terrain type at each level",
    "randomization": "each randomized quantity at its ends",
    "smoothness": "action rate, jerk, limits, energy, foot slip",
}
"""Shown where a suite is chosen."""
