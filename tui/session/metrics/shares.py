"""Shares of reward terms in the reward, in percent, as series that grow with the run.

A share is a term divided by the sum of the magnitudes of all terms, so that magnitudes add up to 100 % and penalties
are negative. It does not depend on how long episodes are, by which libraries divide the terms.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tui.session.metrics.names import family_of, term_of
from tui.session.metrics.series import Series

SHARE = "share:"
"""Prefix of the name of a term's share, before the name of its metric."""
OTHER_REWARDS, OTHER_PENALTIES = f"{SHARE}+", f"{SHARE}-"
"""Sums of the shares that have no band of their own."""
_BEFORE_ALL = -(1 << 62)
_RECENT = 100
"""Points over which the order is decided."""
_CLEARLY = 2.0
"""Percentage points by which a later term must exceed an earlier one before the order changes."""


class RewardShares:
    """Derived from the series of a run; brought up to date by `update` only."""

    def __init__(self, series: Mapping[str, Series], has_times: bool = False) -> None:
        """Read the terms among these series, which grow; with `has_times`, their points have times of their own."""
        self._sources = series
        self._has_times = has_times
        self._seen: dict[str, tuple[int, int]] = {}  # rewrites and count of each term
        self._shares: defaultdict[str, Series] = defaultdict(lambda: Series(has_times=has_times))
        self._others = {name: Series(has_times=has_times) for name in (OTHER_REWARDS, OTHER_PENALTIES)}
        self._members: tuple[str, ...] = ()
        self.order: tuple[str, ...] = ()
        """Metrics of all terms, the largest recent share first; close ones keep their places."""

    def series(self, name: str) -> Series:
        """Return the series of a share by its name, with `SHARE` in front; always the same one, empty at first."""
        return self._others[name] if name in self._others else self._shares[name.removeprefix(SHARE)]

    def bands(self, most: int) -> list[tuple[str, str]]:
        """Return label and name of at most `most` (at least 3) shares by contribution, the smallest ones summed up."""
        if len(self.order) <= most:
            return [(term_of(metric), SHARE + metric) for metric in self.order]
        own = self.order[: most - 2]
        self._sum_up(self.order[most - 2 :])
        bands = [(term_of(metric), SHARE + metric) for metric in own]
        return [*bands, ("other rewards", OTHER_REWARDS), ("other penalties", OTHER_PENALTIES)]

    def update(self) -> None:
        """Take the new points of all terms."""
        terms = [name for name, one in self._sources.items() if one.count and family_of(name) == "reward term"]
        seen = {name: (self._sources[name].rewrites, self._sources[name].count) for name in terms}
        if seen == self._seen:
            return
        rows = self._rows_to_keep(terms)
        self._seen = seen
        if terms:
            self._take(terms, rows)
        recent = {name: _mean_magnitude(self._shares[name].ys[-_RECENT:]) for name in terms}
        self.order = reordered(self.order, recent)

    def _take(self, terms: Sequence[str], rows: int) -> None:
        """Add the shares of the points from a row on."""
        iterations, values, at = self._new_points(terms, rows)
        times = self._sources[terms[0]].times[rows:][at] if self._has_times else None
        for name, share in zip(terms, _shares(values), strict=True):
            self._shares[name].extend(iterations, share, times)
        if self._members:
            self._extend_others(len(iterations))

    def _rows_to_keep(self, terms: Sequence[str]) -> int:
        """Return how many points of each share stay: none if terms have come, or points have changed."""
        counts = {count for _, count in self._seen.values()}
        is_same = list(self._seen) == list(terms) and len(counts) == 1
        if is_same and all(self._sources[name].rewrites == self._seen[name][0] for name in terms):
            first, *others = (self._sources[name].points_from(counts.copy().pop())[0] for name in terms)
            if all(np.array_equal(first, one) for one in others):
                return counts.pop()
        for share in (*self._shares.values(), *self._others.values()):
            share.forget_from(_BEFORE_ALL)
        self._members = ()
        return 0

    def _new_points(
        self, terms: Sequence[str], rows: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], slice | NDArray[np.intp]]:
        """Return the iterations at which all terms have a value, from a row on, and the values by term.

        Also returns which points of the first term these are.
        """
        points = [self._sources[name].points_from(rows) for name in terms]
        first = points[0][0]
        if all(np.array_equal(first, iterations) for iterations, _ in points):
            return first, np.array([values for _, values in points], dtype=np.float64), slice(None)
        common = first
        for iterations, _ in points[1:]:
            common = np.intersect1d(common, iterations)
        # of several values of one iteration, the last
        at = [np.searchsorted(iterations, common, side="right") - 1 for iterations, _ in points]
        chosen = [values[rows_of] for (_, values), rows_of in zip(points, at, strict=True)]
        return common, np.array(chosen, dtype=np.float64), at[0]

    def _sum_up(self, members: tuple[str, ...]) -> None:
        if set(members) != set(self._members):
            self._members = members
            for other in self._others.values():
                other.forget_from(_BEFORE_ALL)
            self._extend_others(self._shares[members[0]].count)

    def _extend_others(self, count: int) -> None:
        """Add the sums of the last `count` points."""
        if not count:
            return
        values = np.array([self._shares[name].ys[-count:] for name in self._members])
        first = self._shares[self._members[0]]
        iterations, times = first.xs[-count:], first.times[-count:] if self._has_times else None
        self._others[OTHER_REWARDS].extend(iterations, np.maximum(values, 0).sum(axis=0), times)
        self._others[OTHER_PENALTIES].extend(iterations, np.minimum(values, 0).sum(axis=0), times)


def reordered(before: Sequence[str], sizes: Mapping[str, float]) -> tuple[str, ...]:
    """Return the names by size, largest first; the order before stays while no later one is clearly larger."""
    kept = [name for name in before if name in sizes]
    kept += [name for name in sizes if name not in kept]
    is_clear = len(before) != len(sizes) or any(sizes[b] > sizes[a] + _CLEARLY for a, b in pairwise(kept))
    return tuple(sorted(kept, key=lambda name: -sizes[name])) if is_clear else tuple(kept)


def _shares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return percent of the sum of magnitudes, shape (terms, k) as `values`; 0 where all are 0, NaN where one is."""
    total = np.abs(values).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = 100.0 * values / total
    return np.where(total == 0, 0.0, shares)


def _mean_magnitude(values: NDArray[np.float32]) -> float:
    finite = values[np.isfinite(values)]
    return float(np.abs(finite).mean()) if len(finite) else 0.0
