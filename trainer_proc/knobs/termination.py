"""Termination knobs: the parameters of every termination term.

The configurations in use are those of `TerminationManager.get_term_cfg`, read by `TerminationManager.compute` at every
step (mjlab 1.6).
"""

from __future__ import annotations

from typing import Any

from trainer_proc.knobs.slot import SlotKnob
from trainer_proc.knobs.term_parameters import Term, parameter_knobs


def termination_knobs(env: Any, termination_manager: Any) -> list[SlotKnob]:
    """Return `termination/<term>/<parameter>` for every active term, in the manager's order."""
    knobs: list[SlotKnob] = []
    for name in termination_manager.active_terms:
        cfg = termination_manager.get_term_cfg(name)
        term = Term(name=f"termination/{name}", kind="termination", cfg=cfg, env=env, takes_effect="next iteration")
        knobs += parameter_knobs(term)
    return knobs
