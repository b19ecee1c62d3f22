"""Guards check every iteration's metrics for failures of the training.

Each has a mode (`off`, `warn`, `act`), an action for `act` (`pause`, or `undo`: undo the last change and load the
checkpoint saved before it) and limits. All of them are knobs, `guard/<guard>/…`.
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
"""Prefix of the names of all guards' knobs; changing one does not affect the training."""


@dataclass(frozen=True)
class Finding:
    """A problem that a guard has detected."""

    guard: str
    message: str
    """One line."""
    action: str
    """Requested action: `warn`, `pause` or `undo`."""


class Guard(ABC):
    """One guard in mode `warn`. `check` is called once per iteration, `intervened` when a change takes effect.

    `action` is its initial action for the mode `act`.
    """

    def __init__(self, name: str, action: str) -> None:
        self.name = name
        self.mode = "warn"
        self.action = action

    @abstractmethod
    def check(self, metrics: dict[str, float]) -> str:
        """Return what is wrong in one line, or nothing; the same problem is reported once."""

    def intervened(self, metrics: dict[str, float]) -> None:  # noqa: B027 (most guards have no reference)
        """Take the metrics from before a change as the reference."""

    def rearm(self) -> None:  # noqa: B027 (most guards rearm by themselves)
        """Report the same problem again, because an undo may not have solved it."""

    def limits(self) -> list[LiveKnob]:
        """Return the knobs of this guard other than mode and action."""
        return []

    def knobs(self) -> list[LiveKnob]:
        return [
            self._knob("mode", "choice", choices=("off", "warn", "act")),
            self._knob("action", "choice", choices=("pause", "undo")),
            *self.limits(),
        ]

    def finding(self, metrics: dict[str, float]) -> Finding | None:
        """Return the problem found in an iteration's metrics, if it is to be reported."""
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
        knob = Knob(
            name=name,
            kind="algorithm",
            value=read(),
            default=read(),
            takes_effect="next iteration",
            type=kind,
            **fields,
        )
        return LiveKnob(knob, read, write)


class NotFiniteGuard(Guard):
    """Fires when a loss or a reward is NaN or infinite."""

    def __init__(self) -> None:
        super().__init__("not_finite", "undo")  # a NaN policy can't recover
        self._was_wrong = False

    def check(self, metrics: dict[str, float]) -> str:
        """Report the first such metric, once until all are finite again."""
        wrong = [
            name
            for name, value in metrics.items()
            if name.startswith(("Loss/", "Episode_Reward/", REWARD)) and not math.isfinite(value)
        ]
        is_new = bool(wrong) and not self._was_wrong
        self._was_wrong = bool(wrong)
        return f"{wrong[0]} is {metrics[wrong[0]]}" if is_new else ""

    def rearm(self) -> None:
        self._was_wrong = False


class KlGuard(Guard):
    """Fires when KL exceeds `factor` × the desired KL for `iterations` consecutive iterations."""

    def __init__(self) -> None:
        super().__init__("kl", "pause")
        self.factor = 5.0
        self.iterations = 5
        self._in_a_row = 0

    def limits(self) -> list[LiveKnob]:
        return [
            self._knob("factor", "number", unit="× desired KL", minimum=1.0),
            self._knob("iterations", "integer", unit="iterations", minimum=1.0),
        ]

    def check(self, metrics: dict[str, float]) -> str:
        """Report every `iterations`-th consecutive time."""
        kl, desired = metrics.get(KL), metrics.get(DESIRED_KL)
        if kl is None or desired is None or not kl > self.factor * desired:
            self._in_a_row = 0
            return ""
        self._in_a_row += 1
        if self._in_a_row < self.iterations:
            return ""
        self._in_a_row = 0
        return f"KL {kl:.3g} exceeded {self.factor:g}× desired KL ({desired:g}) for {self.iterations} iterations"


class FallGuard(Guard):
    """Fires when `metric` has dropped by more than `drop` percent since the last change."""

    def __init__(self, name: str, metric: str) -> None:
        super().__init__(name, "pause")
        self._metric = metric
        self.drop = 30.0
        self._before: float | None = None

    def limits(self) -> list[LiveKnob]:
        return [self._knob("drop", "number", unit="%", minimum=0.0)]

    def intervened(self, metrics: dict[str, float]) -> None:
        """Take the metric as the reference; there is none before it is first published."""
        self._before = metrics.get(self._metric)

    def check(self, metrics: dict[str, float]) -> str:
        """Report once per change."""
        value, before = metrics.get(self._metric), self._before
        if value is None or before is None or not before - value > self.drop / 100 * abs(before):
            return ""
        self._before = None
        return f"{self.name} dropped from {before:.4g} to {value:.4g} since the last change"


class Guards:
    """All guards of a training, in mode `warn` at first."""

    def __init__(self) -> None:
        self._guards: list[Guard] = [
            NotFiniteGuard(),
            KlGuard(),
            FallGuard("success", SUCCESS),
            FallGuard("reward", REWARD),
        ]

    @property
    def may_undo(self) -> bool:
        """Whether a guard may undo a change, so that a checkpoint is needed before each."""
        return any(guard.mode == "act" and guard.action == "undo" for guard in self._guards)

    @property
    def catches_not_finite(self) -> bool:
        """Whether a guard acts on NaN; rsl-rl must not end the training before it does."""
        return self._guards[0].mode == "act"

    def knobs(self) -> list[LiveKnob]:
        return [knob for guard in self._guards for knob in guard.knobs()]

    def check(self, metrics: dict[str, float]) -> list[Finding]:
        """Return the problems found in an iteration's metrics."""
        findings = (guard.finding(metrics) for guard in self._guards)
        return [finding for finding in findings if finding is not None]

    def intervened(self, metrics: dict[str, float]) -> None:
        """Take `metrics`, of the iteration before a change, as the reference of all guards."""
        for guard in self._guards:
            guard.intervened(metrics)
