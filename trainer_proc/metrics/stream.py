"""Turns the scalars that rsl-rl writes to TensorBoard into frames."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from trainer_proc.contract.codec import pack_values
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.messages import IterationFinished, MetricSet, TrainerBody
from trainer_proc.metrics.observer import Observer

_PACE_ITERATIONS = 20
"""The remaining time is estimated from the mean of this many iterations."""
_LIBRARIES = frozenset({"torch", "tensorboard", "tensorboardX", "rsl_rl"})
"""Packages whose writers only record; a user's own may raise something to end the training."""
_TENSORBOARD_WRITER = "torch.utils.tensorboard.writer.SummaryWriter"
"""Writer whose events may hold several scalars; classes derived from it, as for W&B, pass on each `add_scalar`."""


class MetricStream:
    """Collects one iteration's scalars and emits them, with a `MetricSet` whenever their names are new."""

    def __init__(self, emit: Callable[[TrainerBody], None], observer: Observer | None = None) -> None:
        """Emit through `emit`; `observer` reports scalars that can't be read or written."""
        self._emit = emit
        self._observer = observer or Observer()
        self._scalars: dict[str, float] = {}
        self._sets: dict[tuple[str, ...], int] = {}
        self._write_event: Callable[[dict[str, float], int], None] | None = None
        self._durations: deque[float] = deque(maxlen=_PACE_ITERATIONS)
        self._last_finish = time.monotonic()
        self.record: Callable[[str, float, int], None] = lambda tag, value, iteration: None
        """Write a scalar of an earlier iteration to the writer, without collecting it."""

    def tee(self, writer: Any) -> None:
        """Let `writer.add_scalar` pass every scalar through here too; what it fails to write is reported."""
        original = writer.add_scalar
        self._write_event = _event_writer(writer)
        is_library_s = type(writer).__module__.partition(".")[0] in _LIBRARIES
        expected: type[Exception] = Exception if is_library_s else OSError

        def taken(tag: Any, value: Any) -> Any:
            """Return `value` as a number if it is one, and record it."""
            number = self._observer.attempt_again(f"metric {tag}", lambda: self._take(tag, value))
            return value if number is None else number

        def add_scalar(*args: Any, **kwargs: Any) -> None:
            if len(args) > 1:  # as rsl-rl calls it: the writer gets the number, not the tensor
                tag, value, *rest = args
                args = (tag, taken(tag, value), *rest)
            elif "scalar_value" in kwargs:
                taken(args[0] if args else kwargs.get("tag"), kwargs["scalar_value"])
            try:
                original(*args, **kwargs)
            except expected as error:
                self._observer.is_missing(f"records of {type(writer).__name__}", one_line(error))

        writer.add_scalar = add_scalar
        self.record = original

    def write_together(self, scalars: dict[str, float], iteration: int) -> bool:
        """Record `scalars`, and write them as one event if the writer can; return whether it has."""
        if self._write_event is None:
            return False
        self._write_event(scalars, iteration)
        self._scalars |= scalars
        return True

    def _take(self, tag: Any, value: Any) -> float:
        number = float(value)  # the one copy from the device
        if not str(tag).endswith("/time"):  # rsl-rl repeats some scalars over seconds instead of iterations
            self._scalars[str(tag)] = number
        return number

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


def _event_writer(writer: Any) -> Callable[[dict[str, float], int], None] | None:
    """Return a function that writes scalars of an iteration as one event; None if each needs `writer.add_scalar`.

    Thirty scalars in one event cost a seventh of the time of thirty events.
    """
    kind = type(writer)
    if f"{kind.__module__}.{kind.__qualname__}" != _TENSORBOARD_WRITER or "add_scalar" in vars(writer):
        return None
    from tensorboard.compat.proto.summary_pb2 import Summary

    def write(scalars: dict[str, float], iteration: int) -> None:
        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
        writer.file_writer.add_summary(Summary(value=values), iteration)

    return write
