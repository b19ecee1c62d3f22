"""Levels that a metric raises and lowers, one at a time, with a minimum stay at each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

import msgspec

from curricula.curriculum import SUCCESS_RATE, Curriculum, Decision, Limit, Metrics, Mode, counted, measured
from curricula.needs import Need
from curricula.values import KnobValues, Value, When

MOST_LEVELS = 1000
"""Keeps a typo from exhausting memory."""

Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
AtLeastOne = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]

_RATES = (SUCCESS_RATE, "Success/score", "Success/part/", "Success/task/", "Success/terrain/")
"""Prefixes of metrics that are shares, 0 to 1."""


class LadderTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of all ladders' tables."""

    metric: str = SUCCESS_RATE
    stay: AtLeastOne = 50
    """Iterations at a level before it may change, so that the metric is measured at that level."""
    episodes: Count = 100
    """Finished episodes at a level before it may change."""
    mode: Mode = "auto"
    start: Count = 0
    """The first level."""


class Ladder(Curriculum):
    """Raises the level when the metric exceeds a threshold, lowers it when it is below another."""

    kind: ClassVar[str] = "ladder"
    falls = False
    """Whether a falling metric raises the level, as for an error."""

    def __init__(
        self,
        name: str,
        table: LadderTable,
        levels: Sequence[KnobValues],
        limits: dict[str, Limit],
        when: When = "on reset",
    ) -> None:
        """Begin at the table's `start`; `levels` has at least one. Raises `ValueError` if there is no such level."""
        if table.start >= len(levels):
            raise ValueError(f"start: expected a level from 0 to {len(levels) - 1}, got {table.start}")
        waiting = {
            "stay": Limit(table.stay, "iterations", minimum=1, whole=True),
            "episodes": Limit(table.episodes, "episodes", minimum=0, whole=True),
        }
        super().__init__(name, table.start, table.mode, limits | waiting)
        self.metric = table.metric
        self._levels = tuple(levels)
        self._when = when

    @property
    def top(self) -> int:
        """The last of the levels."""
        return len(self._levels) - 1

    @property
    def knobs(self) -> frozenset[str]:
        """All knobs of all levels."""
        return frozenset(knob for level in self._levels for knob in level)

    def values(self, level: int) -> KnobValues:
        """Return a level's values."""
        return dict(self._levels[level])

    def goes_up_at(self) -> float | None:
        """Return the threshold to the next level; None at the top."""
        return self.limits["up"].value if self.level < self.top else None

    def goes_down_at(self) -> float | None:
        """Return the threshold to the level below; None at the bottom, or if the level never falls."""
        if self.level == 0 or "down" not in self.limits:
            return None
        return min(self.limits["down"].value, self.limits["up"].value)  # the user may have crossed them

    def decide(self, iteration: int, metrics: Metrics, in_force: Mapping[str, Value]) -> list[Decision]:
        """Compare the metric with the thresholds once the minimum stay is over."""
        value = measured(metrics, self.metric)
        if value is None or self._waits():
            return []
        up, down = self.goes_up_at(), self.goes_down_at()
        shown = f"{self.metric} {value:.3g}"
        if up is not None and (value < up if self.falls else value > up):
            return [self._to(self.level + 1, f"{shown} is {'below' if self.falls else 'above'} {up:g}")]
        if down is not None and value < down:
            return [self._to(self.level - 1, f"{shown} is below {down:g}")]
        return []

    def outlook(self, iteration: int, metrics: Metrics) -> str:
        """Describe both thresholds, the present metric and the rest of the minimum stay."""
        value = measured(metrics, self.metric)
        now = f"now {value:.2f}" if value is not None else "not measured yet"
        return "; ".join([self._thresholds(), now, *self._waiting()])

    def conditions(self, iteration: int, metrics: Metrics) -> str:
        """Describe both thresholds; at the top, which needs nothing more, the metric too."""
        return self._thresholds() if self.level < self.top else self.outlook(iteration, metrics)

    def needs(self, iteration: int, metrics: Metrics) -> list[Need]:
        """Return the metric and the minimum stay."""
        up = self.goes_up_at()
        if up is None:
            return []
        stay, episodes = self.limits["stay"].value, self.limits["episodes"].value
        found = [
            Need(self.metric, measured(metrics, self.metric), up, below=self.falls),
            Need("iterations", self.stayed, stay),
        ]
        return [*found, Need("episodes", self.episodes, episodes)] if episodes else found

    def _thresholds(self) -> str:
        sign = "<" if self.falls else ">"
        ways = [f"up when {self.metric} {sign} {up:g}" if (up := self.goes_up_at()) is not None else "at the top"]
        if (down := self.goes_down_at()) is not None:
            ways.append(f"down when < {down:g}")
        return ", ".join(ways)

    def _waits(self) -> bool:
        return self.stayed < self.limits["stay"].value or self.episodes < self.limits["episodes"].value

    def _waiting(self) -> list[str]:
        iterations = int(self.limits["stay"].value) - self.stayed
        episodes = int(self.limits["episodes"].value) - self.episodes
        left = [counted(iterations, "iteration")] if iterations > 0 else []
        left += [counted(episodes, "episode")] if episodes > 0 else []
        return [f"eligible in {' / '.join(left)}"] if left else []

    def _to(self, level: int, note: str) -> Decision:
        return Decision(level=level, values=self.values(level), note=note, when=self._when)


def up_and_down(table: LadderTable, up: float, down: float | None) -> dict[str, Limit]:
    """Return the limits `up` and `down`. Raises `ValueError` if they are crossed or out of reach."""
    check_reachable(table.metric, "up", up)
    if down is not None and down >= up:
        raise ValueError(f"down: expected a number below up ({up:g}), got {down:g}")
    limits = {"up": Limit(up)}
    return limits if down is None else limits | {"down": Limit(down)}


def check_reachable(metric: str, name: str, threshold: float) -> None:
    """Raise `ValueError` if the metric is a share, such as a success rate, and never exceeds `threshold`."""
    if threshold >= 1 and metric.startswith(_RATES):
        raise ValueError(f"{name}: expected a number below 1, got {threshold:g}; {metric} never exceeds 1")
