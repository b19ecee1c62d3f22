"""What to change when a training that has failed is continued: known failures, each with its remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from trainer_proc.contract.knob import Value
from tui.session.knob_states import KnobState
from tui.session.state import RunState

_NO_MEMORY = re.compile(r"out of memory|OutOfMemoryError|CUDNN_STATUS_ALLOC_FAILED|[Ff]ailed to allocate \d+ bytes")
_NOT_FINITE = re.compile(r"\bnan\b|not finite|\binf\b", re.IGNORECASE)
_DIED = "the training process died"
"""First words where the process ended without a reason of its own, which may be a lack of main memory."""
_GUARD_MODE, _DESIRED_KL = "guard/not_finite/mode", "ppo/desired_kl"


@dataclass(frozen=True)
class Remedy:
    """Changes to a run that is started again."""

    failure: str
    """Name of what went wrong."""
    change: str
    num_envs: int | None = None
    """Environments per process; None keeps them."""
    set: dict[str, Value] = field(default_factory=dict)
    """Knobs' values."""

    @property
    def text(self) -> str:
        """One line: what was wrong, and what changes."""
        return f"{self.failure}: {self.change}"


def remedy_for(num_envs: int, reason: str, knobs: Mapping[str, KnobState]) -> Remedy | None:
    """Return the remedy for a training that has ended for a `reason`, as its trainer reported it; None if unknown.

    `num_envs` is per process.
    """
    if reason.startswith(_DIED):
        return None
    if is_out_of_memory(reason) and num_envs > 1:
        return _fewer_environments("out of memory", num_envs)
    if reason.startswith("guard collection") and num_envs > 1:
        return _fewer_environments("slow collection", num_envs)
    if _NOT_FINITE.search(reason):
        return Remedy("values not finite", "the guard will undo the last change", set={_GUARD_MODE: "act"})
    kl = knobs.get(_DESIRED_KL)
    if reason.startswith("guard kl") and kl is not None and isinstance(kl.value, float):
        lower = kl.value / 2
        return Remedy("unstable", f"{_DESIRED_KL} {lower:g} instead of {kl.value:g}", set={_DESIRED_KL: lower})
    return None


def is_out_of_memory(reason: str) -> bool:
    """Return whether a trainer's reason is a lack of memory."""
    return _NO_MEMORY.search(reason) is not None


def remedy_now(num_envs: int, state: RunState, is_alive: bool) -> Remedy | None:
    """Return the remedy for why a run has ended, or for what its guards report at its newest iteration."""
    reasons = [] if is_alive or state.phase is None else [state.phase.detail]
    reasons += [f"guard {trouble.guard}: {trouble.last.message}" for trouble in state.troubles.at(state.iteration)]
    remedies = (remedy_for(num_envs, reason, state.knobs) for reason in reasons)
    return next((remedy for remedy in remedies if remedy is not None), None)


def _fewer_environments(failure: str, num_envs: int) -> Remedy:
    fewer = num_envs // 2
    return Remedy(failure, f"{fewer} environments instead of {num_envs}", num_envs=fewer)
