"""mjlab 1.6, for the randomization knobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from mjlab.managers.event_manager import EventTermCfg
from mjlab.utils import noise

from trainer_proc.simulators.interface import DefaultRandomization
from trainer_proc.simulators.mjlab.randomization import DEFAULT_RANDOMIZATION, fields_written

_COST = (
    "the first change expands the model's fields: the training stands still for a moment"
    " (0.3 s on flat ground, 2 s on rough, with 4096 environments on a GPU)"
)


class MjlabSimulator:
    """Model fields are shared by all environments until they are expanded, and constants derive from some of them."""

    default_randomization: Sequence[DefaultRandomization] = DEFAULT_RANDOMIZATION
    noise: ModuleType = noise

    def __init__(self, env: Any) -> None:
        self._env = env

    def startup_term(self, func: Callable[..., None]) -> Any:
        """Return a configuration of a startup event that calls `func`."""
        return EventTermCfg(mode="startup", func=func)

    def fields_written(self, term_cfg: Any) -> frozenset[str]:
        """Return the model fields that the term's function declares (`requires_model_fields`)."""
        return fields_written(term_cfg)

    def unused_parameters(self, term_cfg: Any) -> Mapping[str, str]:
        """Return nothing: mjlab's event functions take what they use."""
        return {}

    def first_sample_cost(self, func: Callable[..., None]) -> str:
        """Tell that fields are expanded, where they aren't yet."""
        return _COST if self._unexpanded(func) else ""

    def before_sampling(self, term_cfg: Any) -> None:
        """Expand the fields, which captures CUDA graphs anew: else all environments share one value, silently."""
        if fields := self._unexpanded(term_cfg.func):
            self._env.sim.expand_model_fields(fields)

    def after_sampling(self, term_cfgs: Sequence[Any]) -> None:
        """Compute constants again that derive from what was drawn."""
        strongest: Any = max((getattr(cfg.func, "recompute", 0) for cfg in term_cfgs), default=0)
        if strongest:
            self._env.sim.recompute_constants(strongest)

    def asset(self, name: str) -> Any:
        """Return the scene's entity called `name`."""
        return self._env.scene.entities.get(name)

    def _unexpanded(self, func: Any) -> tuple[str, ...]:
        """Return the fields that an event function writes and that have one value for all environments as yet."""
        expanded = self._env.sim.expanded_fields
        return tuple(field for field in getattr(func, "model_fields", ()) if field not in expanded)
