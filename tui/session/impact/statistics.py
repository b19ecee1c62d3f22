"""Confidence intervals for means over iterations and their differences; neighbouring iterations are correlated.

Each window gets a fitted line, since a training learns continuously. The residuals are modelled as a first-order
autoregressive process with lag-one autocorrelation r.

- The measured r of n residuals is biased by about -(2 + 4 r) / n after a linear fit: N. P. A. van Giersbergen,
  "On the effect of deterministic terms on the bias in stable AR models", Economics Letters 89 (2005).
- The effective sample size of n such values is n (1 - r) / (1 + r): F. W. Zwiers, H. von Storch,
  "Taking serial correlation into account in tests of the mean", Journal of Climate 8 (1995).
- Two means of unequal variance are compared by Student's t with Welch's degrees of freedom: B. L. Welch, "The
  generalization of 'Student's' problem when several different population variances are involved", Biometrika 34 (1947).
- The trend before is extrapolated as in segmented regression of an interrupted time series:
  A. K. Wagner et al., Journal of Clinical Pharmacy and Therapeutics 27 (2002).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer_proc.contract.statistics import student_t

LEAST_POINTS = 20
"""Fewer values do not allow an estimate of their autocorrelation."""
_LARGEST_AUTOCORRELATION = 0.99
_LEAST_INDEPENDENT = 4
"""Leaves two degrees of freedom after the fitted line."""


@dataclass(frozen=True)
class Level:
    """Statistics of one window; without enough samples (`is_known` false) only the first three fields hold."""

    count: int
    mean: float
    centre: float
    """Mean of the iterations."""
    independent: float = 0.0
    """Effective sample size."""
    error: float = math.nan
    """Standard error of the mean."""
    slope: float = math.nan
    """Rise of the fitted line, per iteration."""
    slope_error: float = math.nan
    """Standard error of the slope."""

    @property
    def is_known(self) -> bool:
        """Whether there are enough samples for an interval."""
        return not math.isnan(self.error)

    @property
    def freedom(self) -> float:
        """Degrees of freedom; the fitted line takes two."""
        return self.independent - 2

    @property
    def half_width(self) -> float:
        """Half of the 95 % interval around the mean; NaN if unknown."""
        return student_t(self.freedom) * self.error if self.is_known else math.nan


@dataclass(frozen=True)
class Difference:
    """A difference of two means with its 95 % interval, from `low` to `high`."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of 0."""
        return self.low > 0 or self.high < 0


def level(iterations: NDArray[np.int64], values: NDArray[np.float64]) -> Level:
    """Return the statistics of a window.

    Both arrays have shape (n,), n at least 1; values are finite, iterations rise.
    """
    count = len(values)
    mean, centre = float(values.mean()), float(iterations.mean())
    if count < LEAST_POINTS:
        return Level(count, mean, centre)
    times = iterations - centre
    spread = float(times @ times)
    slope = float(times @ (values - mean)) / spread
    rest = values - mean - slope * times
    squares = float(rest @ rest)
    if squares <= 1e-20 * max(float(values @ values), 1e-300):  # on a line, but for rounding
        return Level(count, mean, centre, independent=float(count), error=0.0, slope=slope, slope_error=0.0)
    alike = _autocorrelation(rest, squares)
    independent = count * (1 - alike) / (1 + alike)
    if independent < _LEAST_INDEPENDENT:
        return Level(count, mean, centre, independent)
    each = count / independent  # values that tell as much as one
    variance = squares / (count - 2 * each)
    return Level(
        count=count,
        mean=mean,
        centre=centre,
        independent=independent,
        error=math.sqrt(variance / independent),
        slope=slope,
        slope_error=math.sqrt(variance * each / spread),
    )


def difference(before: Level, after: Level) -> Difference | None:
    """Return mean `after` minus mean `before` with its interval; None without enough samples."""
    if not (before.is_known and after.is_known):
        return None
    terms = ((before.error, before.freedom), (after.error, after.freedom))
    return _interval(after.mean - before.mean, terms)


def difference_from_trend(before: Level, after: Level) -> Difference | None:
    """Return mean `after` minus the extrapolated line of `before`; None without enough samples."""
    if not (before.is_known and after.is_known):
        return None
    distance = after.centre - before.centre
    extrapolated = math.hypot(before.error, before.slope_error * distance)
    terms = ((extrapolated, before.freedom), (after.error, after.freedom))
    return _interval(after.mean - before.mean - before.slope * distance, terms)


def _autocorrelation(rest: NDArray[np.float64], squares: float) -> float:
    """Return the bias-corrected lag-one autocorrelation of residuals, 0 to 0.99."""
    count = len(rest)
    measured = float(rest[1:] @ rest[:-1]) / squares
    return min(max((count * measured + 2) / (count - 4), 0.0), _LARGEST_AUTOCORRELATION)


def _interval(value: float, terms: tuple[tuple[float, float], ...]) -> Difference:
    """Return `value` with its interval; `terms` are standard errors with their degrees of freedom."""
    variance = sum(error**2 for error, _ in terms)
    if variance == 0:
        return Difference(value, value, value)
    freedom = variance**2 / sum(error**4 / freedom for error, freedom in terms)
    half = student_t(max(freedom, 2.0)) * math.sqrt(variance)
    return Difference(value, value - half, value + half)
