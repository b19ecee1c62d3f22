"""Randomizations that this program offers for tasks that do not have them: the same ones on every simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Range = tuple[float, float]

NO_SCALE: Range = (1.0, 1.0)
_NO_OFFSET: Range = (0.0, 0.0)
OFFERED_TERMS = ("mass", "friction", "center_of_mass", "motor")
"""Event terms of `default_randomizations`."""
_LEAST_SCALE = 0.01
"""Lower bound of a scale: masses, frictions and gains of 0 break the simulation."""


@dataclass(frozen=True)
class Sampler:
    """How a simulator samples a quantity.

    `func` is an event function, `fields` are the model fields that it writes, by MuJoCo's names. `applies` tells
    whether an environment has the quantity.
    """

    func: Callable[..., None]
    fields: frozenset[str]
    applies: Callable[[Any], bool]


@dataclass(frozen=True, kw_only=True)
class DefaultRandomization:
    """One parameter of an event term; several parameters of one `term` share its function.

    `usual` is the range that papers use, `neutral` the range without effect.
    """

    term: str
    parameter: str
    sampler: Sampler
    usual: Range
    neutral: Range = NO_SCALE
    minimum: float | None = _LEAST_SCALE

    @property
    def knob(self) -> str:
        """The name of its knob."""
        return f"event/{self.term}/{self.parameter}"


def default_randomizations(
    *,
    mass: Sampler,
    friction: Sampler,
    center_of_mass: Sampler,
    strength: Sampler,
    stiffness: Sampler,
    damping: Sampler,
) -> tuple[DefaultRandomization, ...]:
    """Return the randomizations in the order in which they are shown. Those of one term are sampled together.

    `center_of_mass` is an offset (m), all others are scales.
    """
    return (
        DefaultRandomization(term="mass", parameter="scale", sampler=mass, usual=(0.8, 1.2)),
        DefaultRandomization(term="friction", parameter="scale", sampler=friction, usual=(0.5, 1.5)),
        DefaultRandomization(
            term="center_of_mass",
            parameter="offset",
            sampler=center_of_mass,
            usual=(-0.05, 0.05),
            neutral=_NO_OFFSET,
            minimum=None,
        ),
        DefaultRandomization(term="motor", parameter="strength", sampler=strength, usual=(0.9, 1.1)),
        DefaultRandomization(term="motor", parameter="stiffness", sampler=stiffness, usual=(0.95, 1.05)),
        DefaultRandomization(term="motor", parameter="damping", sampler=damping, usual=(0.95, 1.05)),
    )


def is_default_randomization(offered: Iterable[DefaultRandomization], term_cfg: Any) -> bool:
    """Tell whether an event term was added by this program, as one of the `offered` randomizations."""
    return any(term_cfg.func is randomization.sampler.func for randomization in offered)
