"""Decides which frames of a training are worth an alert, and how often."""

from __future__ import annotations

import math
import struct
from collections import deque

from curricula.curriculum import SUCCESS_RATE
from trainer_proc.contract.alerts import Alert, AlertEvent
from trainer_proc.contract.messages import (
    GOAL_REACHED,
    Body,
    InterventionApplied,
    IterationFinished,
    MetricSet,
    PhaseChanged,
)
from trainer_proc.contract.monitoring import GuardFired, TrainerStalled

SUCCESS_DROP = 0.2
"""Drop of the success rate, averaged over `SUCCESS_ITERATIONS`, below its best that is worth an alert."""
SUCCESS_ITERATIONS = 20
_SAME_SECONDS = 600.0
"""Time in which the same event comes once."""
_MOST, _MOST_SECONDS = 20, 3600.0
"""Alerts of a training in this time; its end is reported all the same."""
_LONGEST = 500
"""Characters of a text."""


class AlertWatch:
    """Watches the frames of one training; `run` is its name."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._iteration: int | None = None
        self._success = _SuccessWatch()
        self._sent: dict[str, float] = {}
        self._times: deque[float] = deque(maxlen=_MOST)

    def observe(self, when: float, body: Body) -> Alert | None:
        """Return the alert for a frame of this Unix time (s), if it is worth one."""
        found = self._found(body)
        if found is None:
            return None
        event, what, text = found
        key = f"{event} {what}"
        is_end = event in ("failed", "goal")
        is_full = len(self._times) == _MOST and 0 <= when - self._times[0] < _MOST_SECONDS
        is_same = 0 <= when - self._sent.get(key, -math.inf) < _SAME_SECONDS
        if not is_end and (is_full or is_same):
            return None
        self._sent[key] = when
        self._times.append(when)
        return Alert(event, self._run, _line(text), when, self._iteration)

    def _found(self, body: Body) -> tuple[AlertEvent, str, str] | None:
        match body:
            case IterationFinished():
                self._iteration = body.iteration
                drop = self._success.take(body)
                return (
                    None
                    if drop is None
                    else ("success", "", f"success rate dropped from {drop[0]:.2f} to {drop[1]:.2f}")
                )
            case MetricSet():
                self._success.name(body)
            case InterventionApplied(origin="curriculum"):
                self._success.forget()
            case PhaseChanged(phase="failed", detail=detail, refused=False):
                return "failed", "", f"training failed: {detail}"
            case PhaseChanged(phase="finished", detail=detail) if detail.startswith(GOAL_REACHED):
                return "goal", "", f"training {detail}"
            case TrainerStalled(seconds=seconds, doing=doing):
                return "stalled", "", f"no progress for {seconds:.0f} s: the training process {doing}"
            case GuardFired(guard=guard, message=message, action=action):
                return "guard", guard, f"guard {guard} ({action}): {message}"
            case _:
                pass
        return None


class _SuccessWatch:
    """Notices that the success rate drops; harder tasks of a curriculum are no drop."""

    def __init__(self) -> None:
        self._places: dict[int, int] = {}
        self._recent: deque[float] = deque(maxlen=SUCCESS_ITERATIONS)
        self._best = -math.inf
        self._has_dropped = False

    def name(self, metrics: MetricSet) -> None:
        """Learn where the success rate is in the values of later iterations."""
        self._places.pop(metrics.id, None)
        if SUCCESS_RATE in metrics.names:
            self._places[metrics.id] = 4 * metrics.names.index(SUCCESS_RATE)

    def forget(self) -> None:
        """Begin again: the task has changed."""
        self._recent.clear()
        self._best = -math.inf
        self._has_dropped = False

    def take(self, body: IterationFinished) -> tuple[float, float] | None:
        """Return the best and the present rate if it has dropped; once, until half of the drop is made up for."""
        place = self._places.get(body.metric_set)
        if place is None or place + 4 > len(body.values):
            return None
        (rate,) = struct.unpack_from("<f", body.values, place)
        if not math.isfinite(rate):
            return None
        self._recent.append(rate)
        if len(self._recent) < SUCCESS_ITERATIONS:
            return None
        now = sum(self._recent) / len(self._recent)
        self._best = max(self._best, now)
        if now > self._best - SUCCESS_DROP / 2:
            self._has_dropped = False
        if self._has_dropped or now > self._best - SUCCESS_DROP:
            return None
        self._has_dropped = True
        return self._best, now


def _line(text: str) -> str:
    """Return a text, which may quote other programs, as one line of printable characters."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())[:_LONGEST]
