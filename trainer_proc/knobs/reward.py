"""Reward knobs: the weight of every term of the reward manager.

`env.cfg.rewards` is a copy that the manager made at construction; the weights in use are those of
`RewardManager.get_term_cfg` (mjlab 1.6, Isaac Lab 3.0), read by `RewardManager.compute` at every step.
"""

from __future__ import annotations

from typing import Any

from trainer_proc.knobs.live import LiveKnob
from trainer_proc.wire.messages import Knob


def reward_weight_knobs(reward_manager: Any) -> list[LiveKnob]:
    """Return a knob `reward/<term>/weight` for every active term, in the manager's order."""
    return [_weight_knob(term, reward_manager.get_term_cfg(term)) for term in reward_manager.active_terms]


def _weight_knob(term: str, term_cfg: Any) -> LiveKnob:
    def read() -> float:
        return float(term_cfg.weight)

    def write(value: float) -> None:
        term_cfg.weight = value

    description = Knob(
        name=f"reward/{term}/weight",
        kind="reward",
        value=read(),
        default=read(),
        takes_effect="next iteration",
        metric=f"Episode_Reward/{term}",
    )
    return LiveKnob(description, read, write)
