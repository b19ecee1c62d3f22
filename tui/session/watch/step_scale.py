"""Metrics that a library logs over something else than all the others.

rl_games logs most over environment steps ("frames"), what the environment tells over epochs, and some over all of
frames, epochs and seconds; rsl-rl repeats two over seconds. On one axis only one of them can be right.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tui.session.watch.scalars import Batch, Points

EPOCHS = "info/epochs"
"""rl_games: the epoch, over frames."""

_OVER_ANYTHING = ("/time", "/iter")
_SAME_OVER_STEPS = ("", "/step", "/frame", "/mean")


class StepScale:
    """Brings one run's metrics onto one axis; values never change."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._epochs = np.empty(0, dtype=np.int64)
        self._frames = np.empty(0, dtype=np.int64)
        self._waiting: dict[str, Points] = {}

    def place(self, batch: Batch) -> Batch:
        """Return the points without repeats, those over epochs moved to the frames of their epochs.

        A point whose epoch isn't known yet comes with a later batch.
        """
        self._names.update(batch)
        kept = {name: points for name, points in batch.items() if not self._is_repeat(name)}
        if EPOCHS in batch:
            self._learn(batch[EPOCHS])
        return self._over_frames(kept) if len(self._epochs) else kept

    def _is_repeat(self, name: str) -> bool:
        base, slash, end = name.rpartition("/")
        return slash + end in _OVER_ANYTHING and any(base + other in self._names for other in _SAME_OVER_STEPS)

    def _learn(self, points: Points) -> None:
        epochs = np.concatenate([self._epochs, points.values.astype(np.int64)])
        frames = np.concatenate([self._frames, points.steps])
        self._epochs, newest = np.unique(epochs[::-1], return_index=True)  # of a training that began again, the newest
        self._frames = frames[::-1][newest]

    def _over_frames(self, batch: Mapping[str, Points]) -> Batch:
        placed: dict[str, Points] = {}
        for name in {**self._waiting, **batch}:
            if not (name.startswith(("Episode/", "diagnostics/")) or name.endswith("/iter")):
                placed[name] = batch[name]
                continue
            points = _joined(self._waiting.pop(name, None), batch.get(name))
            known = points.steps <= self._epochs[-1]
            if not known.all():
                self._waiting[name] = points.where(~known)
                points = points.where(known)
            if len(points):
                at = np.searchsorted(self._epochs, points.steps)
                placed[name] = Points(self._frames[at], points.values, points.times)
        return placed


def _joined(first: Points | None, second: Points | None) -> Points:
    if first is None or second is None:
        only = second if first is None else first
        assert only is not None
        return only
    return Points(
        np.concatenate((first.steps, second.steps)),
        np.concatenate((first.values, second.values)),
        np.concatenate((first.times, second.times)),
    )
