"""Brings metrics that a library logs over different x axes onto one axis.

rl_games logs most metrics over environment steps ("frames"), those of the environment over epochs, and some over
frames, epochs and seconds. rsl-rl repeats two over seconds. A run of rl_games or skrl trained by this program also has
metrics with rsl-rl's names, over iterations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tui.session.watch.scalars import Batch, Points

EPOCHS = "info/epochs"
"""Of rl_games: the epoch, over frames."""

_OVER_ITERATIONS = "/iter"
_OVER_ANYTHING = ("/time", _OVER_ITERATIONS)
_SKRL = " / "
"""In skrl's own names, which it logs over steps of each environment."""
_OF_ITERATIONS = re.compile(
    r"(?:Train|Loss|Policy|Perf|Metrics|Episode_\w+|Termination|Reward_Rate|Curriculum|Terrain|Success)/"
)
"""Groups of rsl-rl's names, also logged by this program."""
_OURS = frozenset(("Train/mean_reward", "Loss/surrogate"))
"""Names of this program's trainings that neither rl_games nor skrl has: without one, no metric is moved by time."""
_SAME_OVER_STEPS = ("", "/step", "/frame", "/mean")
_SAME_OVER_FRAMES = ("/step", "/frame", "/mean")
_EPISODE = "Episode/"
"""Before rl_games's names of the environment's metrics; this program logs them again without it, over iterations."""


class StepScale:
    """Brings one run's metrics onto one axis; values never change."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._epochs = np.empty(0, dtype=np.int64)
        self._frames = np.empty(0, dtype=np.int64)
        self._waiting: dict[str, Points] = {}
        self._library = Clock()

    def place(self, batch: Batch) -> Batch:
        """Return the points without repeated metrics; those over epochs are moved to the frames of their epochs.

        A point of an unknown epoch comes with a later batch.
        """
        self._names.update(batch)
        kept = {name: points for name, points in batch.items() if not self._is_repeat(name)}
        if EPOCHS in batch:
            self._learn(batch[EPOCHS])
        if own := [points for name, points in batch.items() if name == EPOCHS or _SKRL in name]:
            self._library.learn(own)
        if self._library and not _OURS.isdisjoint(self._names):
            kept = {
                name: self._library.placed(points) if self._is_of_iterations(name) else points
                for name, points in kept.items()
            }
        return self._over_frames(kept) if len(self._epochs) else kept

    def _is_repeat(self, name: str) -> bool:
        """Return whether rl_games or rsl-rl logs it over steps too; this program repeats it without the ending."""
        base, slash, end = name.rpartition("/")
        if slash + end in _OVER_ANYTHING and any(base + other in self._names for other in _SAME_OVER_STEPS):
            return True
        return name + _OVER_ITERATIONS in self._names and any(
            name + other in self._names for other in _SAME_OVER_FRAMES
        )

    def _is_of_iterations(self, name: str) -> bool:
        is_copy = name + _OVER_ITERATIONS in self._names or _EPISODE + name in self._names
        return is_copy or bool(_OF_ITERATIONS.match(name))

    def _learn(self, points: Points) -> None:
        epochs = np.concatenate([self._epochs, points.values.astype(np.int64)])
        frames = np.concatenate([self._frames, points.steps])
        self._epochs, newest = np.unique(epochs[::-1], return_index=True)  # of a restarted training, the newest
        self._frames = frames[::-1][newest]

    def _over_frames(self, batch: Mapping[str, Points]) -> Batch:
        placed: dict[str, Points] = {}
        for name in {**self._waiting, **batch}:
            if not (name.startswith((_EPISODE, "diagnostics/")) or name.endswith(_OVER_ITERATIONS)):
                placed[name] = batch[name]
                continue
            points = _joined(self._waiting.pop(name, None), batch.get(name))
            known = points.steps <= self._epochs[-1]
            if not known.all():
                self._waiting[name] = points.where(~known)
                points = points.where(known)
            if len(points):
                at = np.searchsorted(self._epochs, points.steps)
                placed[name] = points.at_steps(self._frames[at])
        return placed


class Clock:
    """Step of a library as a function of time."""

    def __init__(self) -> None:
        self._steps = np.empty(0, dtype=np.int64)
        self._times = np.empty(0)

    def __bool__(self) -> bool:
        return len(self._steps) > 0

    def learn(self, logged: Sequence[Points]) -> None:
        """Add points of the library's own metrics (at least one)."""
        times, steps = _first_times(
            np.concatenate([points.times for points in logged]), np.concatenate([points.steps for points in logged])
        )
        is_later = not len(self._times) or times[0] >= self._times[-1]
        times, steps = np.concatenate((self._times, times)), np.concatenate((self._steps, steps))
        self._times, self._steps = (times, steps) if is_later else _first_times(times, steps)

    def placed(self, points: Points) -> Points:
        """Return points moved to the library's steps at their times."""
        at = np.maximum(np.searchsorted(self._times, points.times, side="right") - 1, 0)
        now, next = self._steps[at], self._steps[np.minimum(at + 1, len(self._steps) - 1)]
        is_own = (points.steps == now) | (points.steps == next)  # the library's own, logged in any order within a step
        return points.at_steps(np.where(is_own, points.steps, now))


def _first_times(times: NDArray[np.float64], steps: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the first time of each step, in order of time."""
    order = np.argsort(times, kind="stable")
    begins = np.diff(steps[order], prepend=steps[order[0]] - 1) != 0
    return times[order][begins], steps[order][begins]


def _joined(first: Points | None, second: Points | None) -> Points:
    if first is None or second is None:
        only = second if first is None else first
        assert only is not None
        return only
    return Points(
        np.concatenate((first.steps, second.steps)),
        np.concatenate((first.values, second.values)),
        np.concatenate((first.times, second.times)),
        np.concatenate((first.files, second.files)),
    )
