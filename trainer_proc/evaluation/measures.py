"""What is measured in every episode: names, units, which direction is better, and the order in which it is shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from trainer_proc.contract.evaluation import Measure
from trainer_proc.metrics.success.velocity import ERRORS, PARTS

UNITS = ("m/s", "m/s", "rad/s")
"""Of the parts of a velocity command."""

_COMMON = (
    Measure("success", better="higher"),
    Measure("score", better="higher"),
    *(Measure(f"part/{name}", better="higher") for name in PARTS),
    *(Measure(f"score/{name}", better="higher") for name in (*ERRORS, "survival")),
    *(Measure(f"error/{name}", unit, "lower") for name, unit in zip(ERRORS, UNITS, strict=True)),
    *(Measure(f"instant_error/{name}", unit, "lower") for name, unit in zip(ERRORS, UNITS, strict=True)),
    Measure("reward", better="higher"),
)


def measures_of(measured: Collection[str], own: Sequence[Measure]) -> tuple[Measure, ...]:
    """Return the descriptions of all measures that episodes have; `own` are those that only the suite has."""
    own_names = {measure.name for measure in own}
    common = [measure for measure in _COMMON if measure.name in measured and measure.name not in own_names]
    return (*common, *(measure for measure in own if measure.name in measured))
