"""The guard of slow collection: the simulation takes far longer than at the beginning of the same training."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from statistics import median_low

from trainer_proc.knobs.live import LiveKnob
from trainer_proc.steering.guard import Guard

COLLECTION, LEARNING = "Perf/collection_time", "Perf/learning_time"
_WARM_UP, _USUAL, _RECENT = 20, 50, 20
"""Iterations that are not judged, those whose median is the usual time, and those whose median is compared with it."""


class CollectionGuard(Guard):
    """Fires when collection takes `factor` × its usual time, and has slowed down more than learning.

    A busy machine slows both. Iterations beside an evaluation or a rollout are not judged.
    """

    def __init__(self) -> None:
        super().__init__("collection", "pause")
        self.factor = 2.5
        self.is_disturbed: Callable[[], bool] = lambda: False
        """Returns whether an evaluation or a rollout runs beside the training."""
        self._warm_up = _WARM_UP
        self._usual: list[tuple[float, float]] = []
        self._recent: deque[tuple[float, float]] = deque(maxlen=_RECENT)

    def limits(self) -> list[LiveKnob]:
        return [self._knob("factor", "number", unit="× usual time", minimum=1.0)]

    def check(self, metrics: dict[str, float]) -> str:
        """Report while the median of the newest iterations is too long."""
        times = metrics.get(COLLECTION, math.nan), metrics.get(LEARNING, math.nan)
        if not all(0.0 < seconds < math.inf for seconds in times):
            return ""
        if self._warm_up:
            self._warm_up -= 1
        elif self.is_disturbed():
            self._recent.clear()
        elif len(self._usual) < _USUAL:
            self._usual.append(times)
        else:
            self._recent.append(times)
        return self._judged() if len(self._recent) == _RECENT else ""

    def _judged(self) -> str:
        usual, before = map(median_low, zip(*self._usual, strict=True))
        collection, learning = map(median_low, zip(*self._recent, strict=True))
        slower = collection / usual
        if slower <= self.factor or slower <= learning / before:
            return ""
        times = f"collection takes {collection:.3g} s instead of {usual:.3g} s, learning {learning:.3g} s"
        return f"{times}: humanoid-tui machine shows what else runs"
