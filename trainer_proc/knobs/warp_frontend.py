"""Knobs of an environment on Isaac Lab's Warp front end (`ManagerBasedRLEnvWarp`, Isaac Lab 3.0).

Rewards, observations, terminations and events are kernels of Warp there, replayed as CUDA graphs. Their arguments are
those of the capture, and event terms keep the ranges of their first call. Weights are in an array that a kernel reads.
Commands and curricula run on the managers of PyTorch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import msgspec

from trainer_proc.knobs.slot import Slot, SlotKnob, attribute_slot

FIXED = "--frontend warp keeps the value of the launch"
_IN_KERNELS = ("reward/", "observation/", "event/")
"""Terminations have no knobs: their manager has no `get_term_cfg` there."""


def is_on_warp(env: Any) -> bool:
    """Tell whether the managers of an unwrapped environment are those of the Warp front end."""
    return hasattr(env, "invalidate_wp_graphs")


def as_built(env: Any, knobs: Iterable[SlotKnob]) -> list[SlotKnob]:
    """Return the knobs; on the Warp front end, those whose value is in kernels are read-only."""
    if not is_on_warp(env):
        return list(knobs)
    return [_fixed(knob) if _is_in_kernels(knob.name) else knob for knob in knobs]


def weight_slot(env: Any, reward_manager: Any, term: str) -> Slot:
    """Return the slot of a reward's weight."""
    cfg = reward_manager.get_term_cfg(term)
    if not is_on_warp(env):
        return attribute_slot(cfg, "weight")

    def write(raw: Any) -> None:
        is_called, cfg.weight = cfg.weight != 0.0, raw
        reward_manager.set_term_cfg(term, cfg)  # copies the weight to the device
        if is_called != (raw != 0.0):
            env.invalidate_wp_graphs()  # a graph leaves out the kernels of terms without weight

    return Slot(lambda: cfg.weight, write)


def _is_in_kernels(name: str) -> bool:
    return name.startswith(_IN_KERNELS) and not (name.startswith("reward/") and name.endswith("/weight"))


def _fixed(knob: SlotKnob) -> SlotKnob:
    if knob.description.read_only:
        return knob
    description = msgspec.structs.replace(
        knob.description, read_only=FIXED, takes_effect="needs a restart", can_resample_now=False
    )
    return dataclasses.replace(knob, description=description, resample=None, take_effect=None)
