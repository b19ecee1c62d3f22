"""What to change when a training that has failed is continued: known failures, each with its remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from trainer_proc.contract.knob import Value
from trainer_proc.contract.run_folder import RunSpec
from tui.session.state import KnobState

_NO_MEMORY = re.compile(r"out of memory|OutOfMemoryError|CUDNN_STATUS_ALLOC_FAILED|[Ff]ailed to allocate \d+ bytes")
_NOT_FINITE = re.compile(r"\bnan\b|not finite|\binf\b", re.IGNORECASE)
_DIED = "the training process died"
"""First words where the process ended without a reason of its own, which may be a lack of main memory."""
_GUARD_MODE, _DESIRED_KL = "guard/not_finite/mode", "ppo/desired_kl"


@dataclass(frozen=True)
class Remedy:
    """Changes to a run that is started again."""

    text: str
    """One line: what was wrong, and what changes."""
    num_envs: int | None = None
    """Environments per process; None keeps them."""
    set: dict[str, Value] = field(default_factory=dict)
    """Knobs' values."""


def remedy_for(spec: RunSpec, reason: str, knobs: Mapping[str, KnobState]) -> Remedy | None:
    """Return the remedy for a training that has ended for a `reason`, as its trainer reported it; None if unknown."""
    if reason.startswith(_DIED):
        return None
    if _NO_MEMORY.search(reason) and spec.num_envs > 1:
        fewer = spec.num_envs // 2
        return Remedy(f"out of memory: {fewer} environments instead of {spec.num_envs}", num_envs=fewer)
    if _NOT_FINITE.search(reason):
        return Remedy("values that are not finite: the guard will undo the last change", set={_GUARD_MODE: "act"})
    kl = knobs.get(_DESIRED_KL)
    if reason.startswith("guard kl") and kl is not None and isinstance(kl.value, float):
        lower = kl.value / 2
        return Remedy(f"unstable: {_DESIRED_KL} {lower:g} instead of {kl.value:g}", set={_DESIRED_KL: lower})
    return None
