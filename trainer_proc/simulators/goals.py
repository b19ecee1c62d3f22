"""What an evaluation may ask of a command that is no velocity: targets of a hand, jumps, boxes.

The configuration of such a command has `goals`. Its term has `hold_goals`, and its `metrics` hold the measures.
"""

from __future__ import annotations

from dataclasses import dataclass

from trainer_proc.contract.evaluation import Axis, Measure


@dataclass(frozen=True)
class Goals:
    """The goals that an evaluation holds, one an episode."""

    axes: tuple[Axis, ...]
    """The numbers that make a goal, with the values that are combined."""
    measures: tuple[Measure, ...]
    """By name, the term's metrics whose last value of an episode is measured."""
    episode_s: float
    """Longest episode of one goal, in seconds."""
