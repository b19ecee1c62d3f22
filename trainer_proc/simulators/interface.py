"""What randomization knobs have to know of a simulator; each has its own answers in `trainer_proc.simulators`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Range = tuple[float, float]
LEAST_SCALE = 0.01
"""Lower bound of a scale: masses, frictions and gains of 0 break the simulation."""


@dataclass(frozen=True, kw_only=True)
class DefaultRandomization:
    """A randomization that this program offers for tasks that do not have it.

    `func` is an event function that takes `parameter`; several parameters of one `term` share it. `usual` is the range
    that papers use, `neutral` the range without effect. `fields` are the model fields that `func` writes, by MuJoCo's
    names. `applies` tells whether an environment's robot has what `func` scales.
    """

    term: str
    parameter: str
    func: Callable[..., None]
    fields: frozenset[str]
    usual: Range
    applies: Callable[[Any], bool]
    neutral: Range = (1.0, 1.0)
    minimum: float | None = LEAST_SCALE

    @property
    def knob(self) -> str:
        """The name of its knob."""
        return f"event/{self.term}/{self.parameter}"


class Simulator(Protocol):
    """A simulator with event and observation managers as Isaac Lab has shaped them."""

    default_randomization: Sequence[DefaultRandomization]
    """In the order in which they are shown; those of one term are drawn together."""

    noise: Any
    """The module of its noise configurations: `UniformNoiseCfg`, `GaussianNoiseCfg`, `ConstantNoiseCfg` and bases."""

    def startup_term(self, func: Callable[..., None]) -> Any:
        """Return a configuration of a startup event that calls `func`."""

    def fields_written(self, term_cfg: Any) -> frozenset[str]:
        """Return the fields of the model that an event term writes, by MuJoCo's names, as far as is known."""

    def unused_parameters(self, term_cfg: Any) -> Mapping[str, str]:
        """Return the parameters of an event term that this simulator has no use for, with the reason."""

    def first_sample_cost(self, func: Callable[..., None]) -> str:
        """Return what the first draw of an event function costs, beyond the draw; empty if nothing."""

    def before_sampling(self, term_cfg: Any) -> None:
        """Make a draw by the configuration as it is now possible; called between iterations."""

    def after_sampling(self, term_cfgs: Sequence[Any]) -> None:
        """Bring up to date what follows from what was drawn."""

    def asset(self, name: str) -> Any:
        """Return the scene's asset called `name`, None if there is none."""


def is_default_randomization(offered: Iterable[DefaultRandomization], term_cfg: Any) -> bool:
    """Tell whether an event term was added by this program, as one of the `offered` randomizations."""
    return any(term_cfg.func is randomization.func for randomization in offered)
