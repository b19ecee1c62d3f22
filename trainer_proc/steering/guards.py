"""Guards check every iteration's metrics for failures of the training.

Each has a mode (`off`, `warn`, `act`), an action for `act` and limits. All of them are knobs, `guard/<guard>/…`. The
actions are `pause`, and `undo`: undo the last change and load the checkpoint saved before it; or `best`, of the guard
of evaluations: load the best checkpoint.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from presets.evaluation import PREFIX as EVALUATION
from trainer_proc.knobs.live import LiveKnob
from trainer_proc.metrics.observer import Observer
from trainer_proc.steering.collection_guard import CollectionGuard
from trainer_proc.steering.guard import Finding, Guard

_Result = TypeVar("_Result")

KL, DESIRED_KL = "Policy/kl", "Policy/desired_kl"
KL_BEFORE_UPDATE = "Policy/kl_before_update"
"""Part of the KL that is no effect of the update: rsl-rl 5.4 updates its normalizers during the rollout."""
_LOSS = "Loss/"
REWARD, SUCCESS = "Train/mean_reward", "Train/success_rate"
OVERFLOW = "Simulation/overflow"
BEST = f"{EVALUATION}best"
"""What the best checkpoint has reached, by the first of `JUDGED_BY` that its suite has."""
JUDGED_BY = (f"{EVALUATION}score", f"{EVALUATION}success")


class NotFiniteGuard(Guard):
    """Fires when a loss or a reward is NaN or infinite."""

    def __init__(self) -> None:
        super().__init__("not_finite", "undo")  # a NaN policy can't recover

    def check(self, metrics: dict[str, float]) -> str:
        """Report the first such metric, losses before rewards. A policy with such a loss can't continue: act again."""
        for prefix in (_LOSS, "Episode_Reward/", REWARD):
            for name, value in metrics.items():
                if name.startswith(prefix) and not math.isfinite(value):
                    if prefix == _LOSS:
                        self.rearm()
                    return f"{name} is {value}"
        return ""


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
        """Report from the `iterations`-th consecutive time on."""
        kl, desired = metrics.get(KL), metrics.get(DESIRED_KL)
        if kl is not None and (before := metrics.get(KL_BEFORE_UPDATE, 0.0)) > 0.0:
            kl -= before
        if kl is None or desired is None or not kl > self.factor * desired:
            self._in_a_row = 0
            return ""
        self._in_a_row += 1
        if self._in_a_row < self.iterations:
            return ""
        return f"KL {kl:.3g} exceeded {self.factor:g}× desired KL ({desired:g}) for {self._in_a_row} iterations"

    def length(self) -> int:
        return self._in_a_row

    def looks_back(self) -> int:
        return self._in_a_row

    def rearm(self) -> None:
        """Judge the policy anew, over as many iterations."""
        super().rearm()
        self._in_a_row = 0


class FallGuard(Guard):
    """Fires when `metric` has dropped by more than `drop` percent since the last change."""

    def __init__(self, name: str, metric: str) -> None:
        super().__init__(name, "pause")
        self._metric = metric
        self.drop = 30.0
        self._before: float | None = None
        self._since_change = 0

    def limits(self) -> list[LiveKnob]:
        return [self._knob("drop", "number", unit="%", minimum=0.0)]

    def intervened(self, metrics: dict[str, float]) -> None:
        """Take the metric as the reference; there is none before it is first published."""
        self._has_acted, self._is_judged_anew = False, True
        self._before = metrics.get(self._metric)
        self._since_change = 0

    def check(self, metrics: dict[str, float]) -> str:
        """Report while the metric is below its value from before the last change."""
        self._since_change += 1
        value, before = metrics.get(self._metric), self._before
        if value is None or before is None or not before - value > self.drop / 100 * abs(before):
            return ""
        return f"{self.name} dropped from {before:.4g} to {value:.4g} since the last change"

    def length(self) -> int:
        return self._since_change

    def looks_back(self) -> int:
        return 0 if self._before is None else self._since_change

    def rearm(self) -> None:
        """Wait for the next change: after an undo or a reload there is nothing to compare with."""
        super().rearm()
        self._before = None


class OverflowGuard(Guard):
    """Fires when the simulation has lost contacts or constraints in more than `share` percent of the environments."""

    def __init__(self) -> None:
        super().__init__("overflow", "pause")
        self.share = 0.0
        self.problem: Callable[[], str] = str
        """Returns what was lost and which setting to change."""

    def limits(self) -> list[LiveKnob]:
        return [self._knob("share", "number", unit="% of environments", minimum=0.0, maximum=100.0)]

    def check(self, metrics: dict[str, float]) -> str:
        """Report what the simulation has lost."""
        return self.problem() if 100 * metrics.get(OVERFLOW, 0.0) > self.share else ""


class EvaluationGuard(Guard):
    """Fires when an evaluation has reached more than `drop` percent less than the best checkpoint; off at first."""

    def __init__(self) -> None:
        super().__init__("evaluation", "best", ("pause", "best"))
        self.mode = "off"
        self.drop = 50.0

    def limits(self) -> list[LiveKnob]:
        return [self._knob("drop", "number", unit="%", minimum=0.0, maximum=100.0)]

    def check(self, metrics: dict[str, float]) -> str:
        """Report a fall in the iteration in which an evaluation arrives; the others have no such metrics."""
        best = metrics.get(BEST)
        name = next((name for name in JUDGED_BY if name in metrics), "")
        if best is None or not name or not best - metrics[name] > self.drop / 100 * abs(best):
            return ""
        return f"{name} {metrics[name]:.3g} is far below the best, {best:.3g}"


class Guards:
    """All guards of a training, in mode `warn` at first."""

    def __init__(self, observer: Observer | None = None) -> None:
        """`observer` reports a guard that fails, and is left out."""
        self._observer = observer or Observer()
        self.overflow = OverflowGuard()
        self.collection = CollectionGuard()
        self._guards: list[Guard] = [
            NotFiniteGuard(),
            KlGuard(),
            FallGuard("success", SUCCESS),
            FallGuard("reward", REWARD),
            self.overflow,
            self.collection,
            EvaluationGuard(),
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
        findings = [self._attempt(guard, partial(guard.finding, metrics)) for guard in self._guards]
        return [finding for finding in findings if finding is not None]

    def calmed(self) -> list[str]:
        """Return the guards whose episode of trouble has ended with the iteration checked last."""
        return [guard.name for guard in self._guards if guard.has_calmed]

    def looks_back(self) -> int:
        """Return how many iterations up to the present one a later finding may include."""
        return max(guard.looks_back() for guard in self._guards)

    def judge_anew(self) -> None:
        """End all episodes of trouble, after a reload."""
        for guard in self._guards:
            guard.judge_anew()

    def intervened(self, metrics: dict[str, float]) -> None:
        """Take `metrics`, of the iteration before a change, as the reference of all guards."""
        for guard in self._guards:
            self._attempt(guard, partial(guard.intervened, metrics))

    def _attempt(self, guard: Guard, act: Callable[[], _Result]) -> _Result | None:
        return self._observer.attempt(f"guard {guard.name}", act)
