"""What is measured in every episode: names, units, which direction is better, and the order in which it is shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from trainer_proc.contract.evaluation import Measure

_COMMON = (
    Measure("success", better="higher"),
    Measure("score", better="higher"),
    Measure("survival", better="higher"),
    Measure("score/linear", better="higher"),
    Measure("score/lateral", better="higher"),
    Measure("score/yaw", better="higher"),
    Measure("error/linear", "m/s", "lower"),
    Measure("error/lateral", "m/s", "lower"),
    Measure("error/yaw", "rad/s", "lower"),
    Measure("reward", better="higher"),
)


def measures_of(measured: Collection[str], own: Sequence[Measure]) -> tuple[Measure, ...]:
    """Return the descriptions of all measures that episodes have; `own` are those that only the suite has."""
    own_names = {measure.name for measure in own}
    common = [measure for measure in _COMMON if measure.name in measured and measure.name not in own_names]
    return (*common, *(measure for measure in own if measure.name in measured))
