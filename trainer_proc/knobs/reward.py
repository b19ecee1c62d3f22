"""Reward knobs: the weight of every term of the reward manager, and the terms' parameters.

`env.cfg.rewards` is a copy. In use are the configurations of `RewardManager.get_term_cfg` (mjlab 1.6, Isaac Lab 3.0),
read by `RewardManager.compute` at every step.
"""

from __future__ import annotations

from typing import Any

from trainer_proc.knobs.slot import SlotKnob, slot_knob
from trainer_proc.knobs.term_parameters import Term, parameter_knobs
from trainer_proc.knobs.warp_frontend import weight_slot


def reward_knobs(env: Any, reward_manager: Any) -> list[SlotKnob]:
    """Return `reward/<term>/weight` and `reward/<term>/<parameter>` for every active term, in the manager's order."""
    knobs: list[SlotKnob] = []
    for name in reward_manager.active_terms:
        cfg = reward_manager.get_term_cfg(name)
        term = Term(name=f"reward/{name}", kind="reward", cfg=cfg, env=env, takes_effect="next iteration")
        knobs += [_weight_knob(env, reward_manager, name), *parameter_knobs(term)]
    return knobs


def _weight_knob(env: Any, reward_manager: Any, term: str) -> SlotKnob:
    return slot_knob(
        weight_slot(env, reward_manager, term),
        name=f"reward/{term}/weight",
        kind="reward",
        takes_effect="next iteration",
        type="number",
        metric=f"Episode_Reward/{term}",
    )
