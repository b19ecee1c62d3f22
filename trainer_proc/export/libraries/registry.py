"""Chooses the library's module by the runner, or by the description."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from trainer_proc.contract.bundle.description import PolicyDescription
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.export_process import ExportError
from trainer_proc.export.actor import actor_group_sizes
from trainer_proc.export.libraries.interface import DescribedActor, RebuiltPolicy

_MODULES = {name: f"trainer_proc.export.libraries.{name}" for name in ("rsl_rl", "rl_games", "skrl")}
"""Modules with `describe` and `rebuild`; each imports its library."""


def describe_actor(runner: Any) -> DescribedActor:
    """Describe the policy that a runner trains. Raises `ExportError` for one that can't be exported."""
    described: DescribedActor = _module(getattr(runner, "library", "rsl_rl")).describe(runner)
    return described


def rebuild_policy(description: PolicyDescription, weights: dict[str, Any], checkpoint: Path) -> RebuiltPolicy:
    """Return the described policy with the weights that `read_actor` returned; `checkpoint` appears in messages only.

    Raises `ExportError` if it can't be built or the weights don't fit.
    """
    size = sum(actor_group_sizes(description).values())
    described = sum(term.size for term in description.observation_terms)
    if description.observation_terms and described != size:
        raise ExportError(
            f"params/policy.json is inconsistent: its terms have {described} numbers, the actor reads {size}"
        )
    try:
        policy: RebuiltPolicy = _module(description.library).rebuild(description, weights, size, checkpoint)
    except ExportError:
        raise
    except Exception as error:  # class and arguments come from a file
        raise ExportError(
            f"params/policy.json describes an actor that can't be built ({one_line(error)}): "
            "export with the packages that trained it"
        ) from error
    return policy


def _module(library: str) -> Any:
    if library not in _MODULES:
        raise ExportError(f"expected a policy of {', '.join(_MODULES)}, got one of {library}")
    return importlib.import_module(_MODULES[library])
