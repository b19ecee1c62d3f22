"""Guards look at every iteration's metrics and say when something has gone wrong.

Each has a mode (`off`, `warn`, `act`), an action for `act` (`pause`, or `undo`: take the last intervention back and
load the checkpoint saved before it) and its limits; all of them are knobs, `guard/<guard>/…`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from trainer_proc.contract.knob import Knob, KnobType, Value, number_of
from trainer_proc.knobs.live import LiveKnob

KL, DESIRED_KL = "Policy/kl", "Policy/desired_kl"
REWARD, SUCCESS = "Train/mean_reward", "Train/success_rate"
PREFIX = "guard/"
"""Of the names of all knobs of guards; turning one changes nothing in the training."""


@dataclass(frozen=True)
class Finding:
    """What a guard has found; `action` is what its knobs ask for."""

    guard: str
    message: str
    action: str


class Guard(ABC):
    """One guard. `check` is called once an iteration, `intervened` when an intervention takes effect."""

    def __init__(self, name: str, action: str) -> None:
        """Warn until told otherwise; `action` is what it does once it may act."""
        self.name = name
        self.mode = "warn"
        self.action = action

    @abstractmethod
    def check(self, metrics: dict[str, float]) -> str:
        """Return what is wrong as one line, or nothing. The same thing is told once."""

    def intervened(self, metrics: dict[str, float]) -> None:  # noqa: B027 (most guards measure against nothing)
        """Take the metrics of just before an intervention as what it is measured against."""

    def rearm(self) -> None:  # noqa: B027 (most guards are by themselves)
        """Be ready to tell again: an undo that has not helped must not be the last that is heard of it."""

    def limits(self) -> list[LiveKnob]:
        """Return the knobs of this guard beside mode and action."""
        return []

    def knobs(self) -> list[LiveKnob]:
        """Return all knobs of this guard."""
        return [
            self._knob("mode", "choice", choices=("off", "warn", "act")),
            self._knob("action", "choice", choices=("pause", "undo")),
            *self.limits(),
        ]

    def finding(self, metrics: dict[str, float]) -> Finding | None:
        """Return what is to be told or done after an iteration."""
        message = self.check(metrics)
        if not message or self.mode == "off":
            return None
        action = "warn" if self.mode == "warn" else self.action
        if action == "undo":
            self.rearm()
        return Finding(self.name, message, action)

    def _knob(self, attribute: str, kind: KnobType, **fields: Any) -> LiveKnob:
        def read() -> Value:
            value: Value = getattr(self, attribute)
            return number_of(value) if kind in ("number", "integer") else value

        def write(value: Value) -> None:
            setattr(self, attribute, int(number_of(value)) if kind == "integer" else value)

        name = f"{PREFIX}{self.name}/{attribute}"
        knob = Knob(name, "algorithm", read(), read(), "next iteration", type=kind, **fields)
        return LiveKnob(knob, read, write)


class NotFiniteGuard(Guard):
    """Fires when a loss or a reward is NaN or infinite."""

    def __init__(self) -> None:
        """Undo, once it may act: a policy of NaNs is of no use."""
        super().__init__("not_finite", "undo")
        self._was_wrong = False

    def check(self, metrics: dict[str, float]) -> str:
        """Name the first such metric, once until all are finite again."""
        wrong = [
            name
            for name, value in metrics.items()
            if name.startswith(("Loss/", "Episode_Reward/", REWARD)) and not math.isfinite(value)
        ]
        is_news = bool(wrong) and not self._was_wrong
        self._was_wrong = bool(wrong)
        return f"{wrong[0]} is {metrics[wrong[0]]}" if is_news else ""

    def rearm(self) -> None:
        """Tell the next NaN, even one iteration later."""
        self._was_wrong = False


class KlGuard(Guard):
    """Fires when KL lies above `factor` times the desired KL for `iterations` in a row."""

    def __init__(self) -> None:
        """Begin with 5 iterations above 5 times the desired KL."""
        super().__init__("kl", "pause")
        self.factor = 5.0
        self.iterations = 5
        self._in_a_row = 0

    def limits(self) -> list[LiveKnob]:
        """`factor` and `iterations`."""
        return [
            self._knob("factor", "number", unit="× desired KL", minimum=1.0),
            self._knob("iterations", "integer", unit="iterations", minimum=1.0),
        ]

    def check(self, metrics: dict[str, float]) -> str:
        """Tell it every `iterations`-th time in a row."""
        kl, desired = metrics.get(KL), metrics.get(DESIRED_KL)
        if kl is None or desired is None or not kl > self.factor * desired:
            self._in_a_row = 0
            return ""
        self._in_a_row += 1
        if self._in_a_row < self.iterations:
            return ""
        self._in_a_row = 0
        return f"KL {kl:.3g} is above {self.factor:g} times the desired {desired:g} for {self.iterations} iterations"


class FallGuard(Guard):
    """Fires when a metric has fallen by more than `drop` percent since the last intervention."""

    def __init__(self, name: str, metric: str) -> None:
        """Watch `metric`; begin with 30 percent."""
        super().__init__(name, "pause")
        self._metric = metric
        self.drop = 30.0
        self._before: float | None = None

    def limits(self) -> list[LiveKnob]:
        """`drop`."""
        return [self._knob("drop", "number", unit="%", minimum=0.0)]

    def intervened(self, metrics: dict[str, float]) -> None:
        """Measure from here; before the metric is first published there is nothing to fall from."""
        self._before = metrics.get(self._metric)

    def check(self, metrics: dict[str, float]) -> str:
        """Tell it once an intervention."""
        value, before = metrics.get(self._metric), self._before
        if value is None or before is None or not before - value > self.drop / 100 * abs(before):
            return ""
        self._before = None
        return f"{self.name} has fallen from {before:.4g} to {value:.4g} since the last intervention"


class Guards:
    """All guards of a training."""

    def __init__(self) -> None:
        """Make them; each warns only."""
        self._guards: list[Guard] = [
            NotFiniteGuard(),
            KlGuard(),
            FallGuard("success", SUCCESS),
            FallGuard("reward", REWARD),
        ]

    @property
    def may_undo(self) -> bool:
        """Whether an intervention may be taken back, so that a checkpoint is needed before each."""
        return any(guard.mode == "act" and guard.action == "undo" for guard in self._guards)

    @property
    def catches_not_finite(self) -> bool:
        """Whether a guard acts on NaN, so that rsl-rl must not end the training over it first."""
        return self._guards[0].mode == "act"

    def knobs(self) -> list[LiveKnob]:
        """Return every guard's knobs."""
        return [knob for guard in self._guards for knob in guard.knobs()]

    def check(self, metrics: dict[str, float]) -> list[Finding]:
        """Return what the guards have found in an iteration's metrics."""
        findings = (guard.finding(metrics) for guard in self._guards)
        return [finding for finding in findings if finding is not None]

    def intervened(self, metrics: dict[str, float]) -> None:
        """Hear of an intervention; `metrics` are those of the iteration before it."""
        for guard in self._guards:
            guard.intervened(metrics)
