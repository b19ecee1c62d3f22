"""What randomization knobs have to know of a simulator; each has its own answers in `trainer_proc.simulators`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Range = tuple[float, float]


@dataclass(frozen=True)
class Usual:
    """A usual randomization: `usual` is its usual range, `neutral` the one that is off, `fields` what it writes.

    `func` is an event function that takes `parameter`; several parameters of one `term` share it.
    """

    term: str
    parameter: str
    func: Callable[..., None]
    fields: frozenset[str]
    usual: Range
    neutral: Range
    minimum: float | None
    applies: Callable[[Any], bool]

    @property
    def knob(self) -> str:
        """The name of its knob."""
        return f"event/{self.term}/{self.parameter}"


class Simulator(Protocol):
    """A simulator with event and observation managers as Isaac Lab has shaped them."""

    usual: Sequence[Usual]
    """In the order in which they are shown; those of one term are drawn together."""

    noise: Any
    """The module of its noise configurations: `UniformNoiseCfg`, `GaussianNoiseCfg`, `ConstantNoiseCfg` and bases."""

    def startup_term(self, func: Callable[..., None]) -> Any:
        """Return a configuration of a startup event that calls `func`."""

    def fields_written(self, term_cfg: Any) -> frozenset[str]:
        """Return the fields of the model that an event term writes, by MuJoCo's names, as far as is known."""

    def without_use(self, term_cfg: Any) -> Mapping[str, str]:
        """Return the parameters of an event term that this simulator has no use for, with the reason."""

    def cost_of_first_draw(self, func: Callable[..., None]) -> str:
        """Return what the first draw of an event function costs, beyond the draw; empty if nothing."""

    def before_draw(self, term_cfg: Any) -> None:
        """Make a draw by the configuration as it is now possible; called between iterations."""

    def after_draws(self, term_cfgs: Sequence[Any]) -> None:
        """Bring up to date what follows from what was drawn."""

    def asset(self, name: str) -> Any:
        """Return the scene's asset called `name`, None if there is none."""


def is_usual(simulator_usual: Iterable[Usual], term_cfg: Any) -> bool:
    """Tell whether an event term is one of the usual randomizations that this program adds."""
    return any(term_cfg.func is usual.func for usual in simulator_usual)
