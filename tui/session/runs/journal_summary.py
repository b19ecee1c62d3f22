"""Summary of a journal from its head, its tail and samples between, so that a long one takes no longer.

It equals a fold of the whole journal because of the order of a trainer's frames. Start and origin come before the first
iteration, and the phase at the end of every later iteration is `training`. Journals in another order are read whole.
"""

from __future__ import annotations

import struct
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import msgspec

from curricula.curriculum import SUCCESS_RATE
from trainer_proc.contract.amounts import amount
from trainer_proc.contract.errors import JournalDamaged
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import Frame, IterationFinished, MetricSet, PhaseChanged, RunStarted
from trainer_proc.contract.monitoring import TrainerStalled
from trainer_proc.contract.products import CheckpointLoaded, TrackerLinked, WriteDelayed
from trainer_proc.contract.stand_ins import Damaged
from tui.session.runs.journal_samples import JournalSamples
from tui.session.state import RunState

REWARD = "Train/mean_reward"
_SHOWN = (REWARD, SUCCESS_RATE)
_WHOLE = 512 * 1024
"""Largest journal, in bytes, that is read whole."""
_END, _LONGEST_END = 64 * 1024, 16 * 1024 * 1024
"""Bytes of head and tail; more, up to the second number, where these are not enough."""
_MOST_REWARDS = 50_000
"""Points of the mean reward that are kept; beyond, every second one is dropped."""
_SAMPLES = 32
_SAMPLE = 4096
"""Bytes of a sample; at least three iterations."""


@dataclass
class JournalSummary:
    """Summary of a journal. `state` is folded from the bodies in `_FOLDED` only.

    `began` is the Unix time of the first frame. `rewards` are points of the mean reward (iteration, value) in order; of
    a long journal, only some.
    """

    state: RunState = field(default_factory=RunState)
    began: float | None = None
    rewards: list[tuple[int, float]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Time from the first to the last frame."""
        return 0.0 if self.began is None else max(self.state.last_time - self.began, 0.0)

    def take(self, frames: Sequence[Frame]) -> None:
        """Apply more frames, in order."""
        for frame in frames:
            if isinstance(frame.body, _FOLDED):
                self.state.apply(frame)
            if isinstance(frame.body, IterationFinished):
                reward = reward_of(frame.body, self.state.metrics.sets.get(frame.body.metric_set, ()))
                if reward is not None:
                    self.rewards.append((frame.body.iteration, reward))
                    if len(self.rewards) > _MOST_REWARDS:
                        del self.rewards[::2]
        if readable := [frame for frame in frames if not isinstance(frame.body, Damaged)]:
            self.began = readable[0].time if self.began is None else self.began
            self.state.last_time = readable[-1].time


_FOLDED = (
    Damaged
    | RunStarted
    | PhaseChanged
    | CheckpointLoaded
    | WriteDelayed
    | TrackerLinked
    | TrainerStalled
    | MetricSet
    | IterationFinished
)


def summarize_journal(journal: Path) -> JournalSummary:
    """Return the summary of a journal; an empty one if it does not exist.

    Raises `JournalUnreadable`, also if it has no frame but damage, or `OSError`.
    """
    try:
        with JournalSamples(journal) as samples:
            seen = _sampled(samples) if samples.size > _WHOLE else None
    except FileNotFoundError:
        return JournalSummary()
    seen = seen or read_whole(journal)
    if seen.began is None:
        refuse_damage(journal, seen.state.damaged)
    return seen


def refuse_damage(journal: Path, damaged: Sequence[Damaged]) -> None:
    """Raise `JournalDamaged` if a journal without frames has bytes that can't be read."""
    if damaged:
        size = amount(sum(stretch.size for stretch in damaged))
        place = f"{journal} is damaged at byte {damaged[0].start}"
        raise JournalDamaged(f"{place}: none of its {size} can be read; written by another program?")


def read_whole(journal: Path) -> JournalSummary:
    """Return the summary from all frames. Raises `JournalUnreadable` or `OSError`."""
    seen = JournalSummary()
    for frames in JournalReader(journal).read_pieces():
        seen.take(frames)
    return seen


def reward_of(body: IterationFinished, names: tuple[str, ...]) -> float | None:
    """Return the mean reward of an iteration; None without one."""
    start = 4 * names.index(REWARD) if REWARD in names else len(body.values)
    if start + 4 > len(body.values):
        return None
    reward: float = struct.unpack_from("<f", body.values, start)[0]
    return reward


def spread_points(points: Sequence[tuple[int, float]], most: int) -> list[tuple[int, float]]:
    """Return one point for each of at most `most` equal spans of iterations.

    It is the last point of its span; an empty span repeats the one before.
    """
    if not points:
        return []
    first, last = points[0][0], max(iteration for iteration, _ in points)
    count = min(most, len(points))
    newest = {max(point[0] - first, 0) * count // (last - first + 1): point for point in points}
    spread = [newest.get(0, points[0])]
    for span in range(1, count):
        spread.append(newest.get(span, spread[-1]))
    return spread


def _sampled(samples: JournalSamples) -> JournalSummary | None:
    """Summarize from samples; None if they are not enough."""
    head, head_end = _head(samples)
    tail, tail_start = _tail(samples, head_end)
    if not head or not tail:
        return None
    between = _between(samples, head_end, tail_start, (samples.size - tail_start) // len(tail))
    iterations = _iterations([*head, *between, *tail])
    if any(later <= earlier for earlier, later in pairwise(body.iteration for body in iterations)):
        return None  # restarted
    named = _metric_sets([*head, *tail])
    used = {body.metric_set for body in _iterations(tail)}
    sets_between: list[Frame] = []
    if not used <= named.keys() or _missing(named[number] for number in used):
        sets_between = samples.find(MetricSet, head_end, tail_start)
        named |= _metric_sets(sets_between)
        if not used <= named.keys() or _missing(named[number] for number in used) != _missing(named.values()):
            return None  # a shown metric has its newest value in between
    seen = JournalSummary()
    seen.take(head)
    seen.take(sets_between)
    seen.take(_named(between, named))
    seen.state.apply(msgspec.structs.replace(tail[0], body=PhaseChanged("training")))
    seen.take(tail)
    return seen


def _head(samples: JournalSamples) -> tuple[list[Frame], int]:
    """Return the frames up to at least the first iteration, and their end; none if it is far away."""
    length = _END
    while length < min(samples.size // 2, _LONGEST_END):
        frames, end = samples.head(length)
        if _iterations(frames):
            return frames, end
        length *= 4
    return [], 0


def _tail(samples: JournalSamples, head_end: int) -> tuple[list[Frame], int]:
    """Return the last frames with at least two iterations, and a lower bound of their start; else none."""
    length = _END
    while length < min(samples.size - head_end, _LONGEST_END):
        frames = samples.between(samples.size - length, samples.size)
        if len(_iterations(frames)) >= 2:
            return frames, samples.size - length
        length *= 4
    return [], 0


def _between(samples: JournalSamples, start: int, stop: int, record_bytes: int) -> list[Frame]:
    """Return frames at evenly spaced positions between `start` and `stop`."""
    length = max(_SAMPLE, 3 * record_bytes)
    step = max((stop - start) // _SAMPLES, length)
    places = range(start, stop - length, step)
    return [frame for place in places for frame in samples.between(place, place + length)]


def _iterations(frames: Iterable[Frame]) -> list[IterationFinished]:
    return [frame.body for frame in frames if isinstance(frame.body, IterationFinished)]


def _named(frames: Iterable[Frame], sets: Container[int]) -> list[Frame]:
    """Return the iterations with known metric names."""
    return [frame for frame in frames if isinstance(frame.body, IterationFinished) and frame.body.metric_set in sets]


def _metric_sets(frames: Iterable[Frame]) -> dict[int, tuple[str, ...]]:
    return {frame.body.id: frame.body.names for frame in frames if isinstance(frame.body, MetricSet)}


def _missing(sets: Iterable[tuple[str, ...]]) -> set[str]:
    """Return the shown metrics that are in none of the sets."""
    return set(_SHOWN).difference(*sets)
