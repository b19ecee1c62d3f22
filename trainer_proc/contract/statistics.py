"""Intervals of values measured in episodes, and the paired test of two sets of the same episodes.

- A share's interval is Wilson's: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
  Journal of the American Statistical Association 22 (1927).
- A mean's interval is Student's.
- The difference of two shares of the same episodes is method 10 of R. G. Newcombe, "Improved confidence intervals for
  the difference between binomial proportions based on paired data", Statistics in Medicine 17 (1998).
- The test flips the signs of the differences of pairs: R. A. Fisher, "The Design of Experiments" (1935). For successes,
  it is McNemar's exact test: Q. McNemar, Psychometrika 12 (1947).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_OUTSIDE = 0.05
"""Share of intervals that miss the true value."""
_Z = 1.959964
"""Two-sided 5 % quantile of the normal distribution."""
_T_ONE = 12.7062
"""Two-sided 5 % quantile of Student's t with one degree of freedom."""
SIGNIFICANT = 0.05
"""Largest p-value that is called a difference."""
_FLIPS = 10_000
_SEED = 0
_BLOCK = 1_000_000  # numbers at once


@dataclass(frozen=True)
class Estimate:
    """A mean over `count` (at least 1) episodes with its 95 % interval; NaN where one episode gives none."""

    value: float
    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Comparison:
    """The mean difference of `count` pairs of episodes, its 95 % interval, and the p-value of no difference."""

    difference: float
    low: float
    high: float
    p: float
    count: int

    @property
    def is_significant(self) -> bool:
        return self.p <= SIGNIFICANT


def estimate(values: Sequence[float], *, is_share: bool = False) -> Estimate | None:
    """Return the mean of values with its interval; None without values.

    Values that are all 0 or 1 get Wilson's interval; that of a share or score, 0 to 1, is clipped to this range.
    """
    count = len(values)
    if not count:
        return None
    if is_share and _are_successes(values):
        return Estimate(sum(values) / count, *wilson(sum(values), count), count)
    numbers = np.asarray(values, dtype=np.float64)
    mean, half = float(numbers.mean()), _half_width(numbers)
    low, high = mean - half, mean + half
    return Estimate(mean, max(low, 0.0) if is_share else low, min(high, 1.0) if is_share else high, count)


def wilson(successes: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share; `count` is at least 1."""
    share, square = successes / count, _Z * _Z
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = _Z * math.sqrt(share * (1 - share) / count + square / (4 * count * count)) / (1 + square / count)
    return 0.0 if successes <= 0 else middle - half, 1.0 if successes >= count else middle + half


def compare(one: Sequence[float], other: Sequence[float], *, is_share: bool = False) -> Comparison | None:
    """Return `one` minus `other`, values of the same episodes in the same order; None without pairs."""
    if not one:
        return None
    first, second = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    differences = first - second
    mean = float(differences.mean())
    if is_share and _are_successes(one) and _are_successes(other):
        return Comparison(mean, *_newcombe(first, second), _mcnemar(differences), len(first))
    half = _half_width(differences)
    return Comparison(mean, mean - half, mean + half, _sign_flips(differences), len(first))


def student_quantile(freedom: int) -> float:
    """Return the two-sided 5 % quantile of Student's t with a whole number of degrees of freedom, at least 1."""
    return student_t(freedom) if freedom > 1 else _T_ONE


def student_t(freedom: float) -> float:
    """Return the two-sided 5 % quantile of Student's t with `freedom` (at least 2) degrees of freedom.

    G. W. Hill, "Algorithm 396: Student's t-quantiles", Communications of the ACM 13 (1970); error below 0.02 %.
    """
    if freedom == 2:
        return math.sqrt(2 / (_OUTSIDE * (2 - _OUTSIDE)) - 2)
    a = 1 / (freedom - 0.5)
    b = 48 / a**2
    c = ((20700 * a / b - 98) * a - 16) * a + 96.36
    d = ((94.5 / (b + c) - 3) / b + 1) * math.sqrt(a * math.pi / 2) * freedom
    y = (d * _OUTSIDE) ** (2 / freedom)
    if y <= 0.05 + a:
        inner = 1 / (((freedom + 6) / (freedom * y) - 0.089 * d - 0.822) * (freedom + 2) * 3)
        y = ((inner + 0.5 / (freedom + 4)) * y - 1) * (freedom + 1) / (freedom + 2) + 1 / y
        return math.sqrt(freedom * y)
    x = NormalDist().inv_cdf(_OUTSIDE / 2)
    y = x * x
    if freedom < 5:
        c += 0.3 * (freedom - 4.5) * (x + 0.6)
    c = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + c
    y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x
    return math.sqrt(freedom * math.expm1(a * y * y))


def _are_successes(values: Sequence[float]) -> bool:
    return all(value in (0.0, 1.0) for value in values)


def _half_width(values: NDArray[np.float64]) -> float:
    """Return half of Student's interval of a mean; NaN for one value."""
    count = len(values)
    if count < 2:
        return math.nan
    return student_quantile(count - 1) * float(values.std(ddof=1)) / math.sqrt(count)


def _newcombe(one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[float, float]:
    """Return the interval of the difference of two paired shares."""
    count = len(one)
    first, second = float(one.mean()), float(other.mean())
    (low_1, high_1), (low_2, high_2) = wilson(float(one.sum()), count), wilson(float(other.sum()), count)
    spread = math.sqrt(first * (1 - first) * second * (1 - second))
    excess = float((one * other).mean()) - first * second
    excess = excess if excess < 0 else max(excess - 0.5 / count, 0.0)  # the method's continuity correction
    alike = excess / spread if spread else 0.0

    def reach(own: float, others: float) -> float:
        return math.sqrt(max(own * own - 2 * alike * own * others + others * others, 0.0))

    difference = first - second
    return difference - reach(first - low_1, high_2 - second), difference + reach(high_1 - first, second - low_2)


def _mcnemar(differences: NDArray[np.float64]) -> float:
    """Return the two-sided p-value of as many pairs for one side as for the other, exactly."""
    wins, losses = int((differences > 0).sum()), int((differences < 0).sum())
    count = wins + losses
    tail = sum(math.comb(count, k) for k in range(min(wins, losses) + 1))
    p: float = 2 * tail / (1 << count)
    return min(1.0, p)


def _sign_flips(differences: NDArray[np.float64]) -> float:
    """Return the two-sided p-value of a mean of 0, from 10,000 random flips of signs, the same each time."""
    moved = differences[differences != 0]
    if not len(moved):
        return 1.0
    reached = abs(float(moved.sum())) * (1 - 1e-12)
    random = np.random.default_rng(_SEED)
    at_once = max(1, min(_FLIPS, _BLOCK // len(moved)))
    as_far = done = 0
    while done < _FLIPS:
        signs = random.integers(0, 2, size=(min(at_once, _FLIPS - done), len(moved)), dtype=np.int8) * 2 - 1
        as_far += int((np.abs(signs @ moved) >= reached).sum())
        done += len(signs)
    return (as_far + 1) / (_FLIPS + 1)
