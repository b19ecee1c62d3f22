"""PPO knobs of rsl-rl's algorithm (5.4.2 and 5.5.1): read at each update, `gamma` and `lam` at each return.

Other libraries' algorithms (`trainer_proc.rl_libraries`) have the same attributes.

The learning rate in use is that of the optimizer's parameter groups. The adaptive schedule continues from the
algorithm's attribute. Both are written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trainer_proc.contract.knob import Knob, KnobType, Value, number_of
from trainer_proc.knobs.bounds import TINY
from trainer_proc.knobs.live import LiveKnob

LEARNING_RATE = "ppo/learning_rate"
ADAPTIVE, LINEAR, FIXED = "adaptive", "linear", "fixed"
"""Schedules of the learning rate; the linear one is rl_games's."""
_SCHEDULES = (ADAPTIVE, FIXED)
_LEAST_RATE, _LARGEST_RATE = 1e-9, 1.0
_MOST_EPOCHS = 100.0
"""An update can't be interrupted: one of a million epochs would never react to a stop."""

_NUMBERS: dict[str, tuple[float | None, float | None]] = {
    "desired_kl": (TINY, None),
    "clip_param": (TINY, None),
    "entropy_coef": (0.0, None),
    "value_loss_coef": (0.0, None),
    "bounds_loss_coef": (0.0, None),
    "gamma": (0.0, 1.0),
    "lam": (0.0, 1.0),
    "max_grad_norm": (TINY, None),
}
"""Attributes of the algorithm with their bounds; `bounds_loss_coef` is rl_games's."""


def algorithm_knobs(algorithm: Any) -> list[LiveKnob]:
    """Return `ppo/<attribute>` for those attributes of the algorithm that exist and are set."""
    knobs: list[LiveKnob] = []
    if getattr(algorithm, "schedule", None) is not None:
        knobs.append(_schedule_knob(algorithm))
    if getattr(algorithm, "learning_rate", None) is not None:
        knobs.append(_rate_knob(algorithm))
    for name, (minimum, maximum) in _NUMBERS.items():
        if getattr(algorithm, name, None) is not None:
            knobs.append(_attribute_knob(algorithm, name, "number", minimum, maximum))
    if getattr(algorithm, "num_learning_epochs", None) is not None:
        knobs.append(_attribute_knob(algorithm, "num_learning_epochs", "integer", 1.0, _MOST_EPOCHS))
    return knobs


def _schedule_knob(algorithm: Any) -> LiveKnob:
    def read() -> Value:
        return str(algorithm.schedule)

    def write(value: Value) -> None:
        algorithm.schedule = value

    choices = (*_SCHEDULES, *({read()} - set(_SCHEDULES)))
    return _knob("ppo/schedule", read, write, "choice", choices=choices)


def _rate_knob(algorithm: Any) -> LiveKnob:
    def read() -> Value:
        return float(algorithm.optimizer.param_groups[0]["lr"])

    def write(value: Value) -> None:
        algorithm.learning_rate = value
        for group in algorithm.optimizer.param_groups:  # loading a checkpoint makes new ones
            group["lr"] = value

    return _knob(LEARNING_RATE, read, write, "number", minimum=_LEAST_RATE, maximum=_LARGEST_RATE)


def _attribute_knob(
    algorithm: Any, name: str, type: KnobType, minimum: float | None, maximum: float | None
) -> LiveKnob:
    def read() -> Value:
        return float(getattr(algorithm, name))

    def write(value: Value) -> None:
        setattr(algorithm, name, int(number_of(value)) if type == "integer" else number_of(value))

    return _knob(f"ppo/{name}", read, write, type, minimum=minimum, maximum=maximum)


def _knob(
    name: str, read: Callable[[], Value], write: Callable[[Value], None], type: KnobType, **described: Any
) -> LiveKnob:
    description = Knob(
        name=name,
        kind="algorithm",
        value=read(),
        default=read(),
        takes_effect="next iteration",
        type=type,
        **described,
    )
    return LiveKnob(description, read, write)
