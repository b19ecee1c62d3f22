"""Turns the scalars that rsl-rl writes to TensorBoard into frames."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from trainer_proc.contract.codec import pack_values
from trainer_proc.contract.messages import IterationFinished, MetricSet, TrainerBody

_PACE_ITERATIONS = 20
"""The remaining time is estimated from the mean of this many iterations."""


class MetricStream:
    """Collects one iteration's scalars and emits them, with a `MetricSet` whenever their names are new."""

    def __init__(self, emit: Callable[[TrainerBody], None]) -> None:
        """Emit through `emit`."""
        self._emit = emit
        self._scalars: dict[str, float] = {}
        self._sets: dict[tuple[str, ...], int] = {}
        self._durations: deque[float] = deque(maxlen=_PACE_ITERATIONS)
        self._last_finish = time.monotonic()

    def tee(self, writer: Any) -> None:
        """Let `writer.add_scalar` pass every scalar through here too."""
        original = writer.add_scalar

        def add_scalar(tag: str, value: Any, *args: Any, **kwargs: Any) -> None:
            number = float(value)  # the one copy from the device: the writer gets the number, not the tensor
            if not tag.endswith("/time"):  # rsl-rl repeats some scalars over seconds instead of iterations
                self._scalars[tag] = number
            original(tag, number, *args, **kwargs)

        writer.add_scalar = add_scalar

    def start_clock(self) -> None:
        """Begin timing an iteration; called after anything that is not training, such as a pause."""
        self._last_finish = time.monotonic()

    def finish(self, iteration: int, environment_steps: int, iterations_left: int) -> dict[str, float]:
        """Emit the collected scalars as `iteration` and return them."""
        now = time.monotonic()
        self._durations.append(now - self._last_finish)
        names = tuple(sorted(self._scalars))
        if names not in self._sets:
            self._sets[names] = len(self._sets)
            self._emit(MetricSet(self._sets[names], names))
        values = pack_values([self._scalars[name] for name in names])
        pace = sum(self._durations) / len(self._durations)
        self._emit(
            IterationFinished(
                iteration=iteration,
                metric_set=self._sets[names],
                values=values,
                environment_steps=environment_steps,
                seconds_left=pace * max(iterations_left, 0),
            )
        )
        finished, self._scalars = self._scalars, {}
        return finished
