"""Smoothed curves: the moving average of TensorBoard's slider, updated incrementally."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tui.session.metrics.series import Series

MAX_SMOOTHING = 0.999
"""The largest weight; at 1, every curve would be flat."""

_LARGEST_POWER = 1e200  # of 1 / weight within a block; times a float32 it stays below the float64 limit
_LONGEST_BLOCK = 1024
_AT_ONCE = 128 * 1024
"""Values."""
_FEW = 16  # values that are faster to average one by one


class MovingAverage:
    """An exponential moving average without its bias towards 0, as `classicSmoothing` of TensorBoard 2.21 computes it.

    average = weight · average + (1 - weight) · value, starting at 0. The result after n finite values is
    average / (1 - weightⁿ) (tensorboard/webapp/widgets/line_chart_v2/data_transformer.ts). Values that are not finite
    are passed through and not counted. `weight` is within 0 and `MAX_SMOOTHING`.
    """

    def __init__(self, weight: float) -> None:
        if not 0 <= weight <= MAX_SMOOTHING:
            raise ValueError(f"expected a smoothing weight from 0 to {MAX_SMOOTHING}, got {weight}")
        self._weight = weight
        self._average = 0.0
        self._count = 0

    def next(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Smooth the next values, shape (k,)."""
        finite = np.isfinite(values)
        if finite.all():
            return self._smooth(values.astype(np.float64)).astype(np.float32)
        smoothed = values.copy()
        smoothed[finite] = self._smooth(values[finite].astype(np.float64))
        return smoothed

    def _smooth(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        weight = self._weight
        if not weight or not len(values):
            return values
        averages = self._averages(values)
        # 1 - weightⁿ is 1 in floating point from here on
        biased = max(0, min(len(values), math.ceil(math.log(1e-17) / math.log(weight)) - self._count))
        averages[:biased] /= 1 - weight ** np.arange(self._count + 1, self._count + biased + 1, dtype=np.float64)
        self._count += len(values)
        return averages

    def _averages(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute block by block: within one, average[k] / weightᵏ is a running sum of value[k] / weightᵏ."""
        weight = self._weight
        if len(values) < _FEW:
            return self._averages_of_few(values)
        length = min(_LONGEST_BLOCK, len(values), max(1, int(math.log(_LARGEST_POWER) / -math.log(weight))))
        blocks = -(-len(values) // length)
        padded = np.empty(blocks * length)
        padded[: len(values)], padded[len(values) :] = values, 0.0
        powers = weight ** np.arange(1, length + 1, dtype=np.float64)
        within = padded.reshape(blocks, length)
        within *= (1 - weight) / powers
        within.cumsum(axis=1, out=within)
        within *= powers
        before = np.empty(blocks)
        average, whole_block = self._average, float(powers[-1])
        for block, end in enumerate(within[:, -1].tolist()):
            before[block] = average
            average = average * whole_block + end
        within += before[:, np.newaxis] * powers
        averages: NDArray[np.float64] = padded[: len(values)]
        self._average = float(averages[-1])
        return averages

    def _averages_of_few(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        averages = np.empty(len(values))
        for place, value in enumerate(values.tolist()):
            averages[place] = self._average = self._average * self._weight + (1 - self._weight) * value
        return averages


class SmoothedSeries:
    """The moving average of a series; `series` has a point for each one of the source as of the last `update`."""

    def __init__(self, source: Series, weight: float) -> None:
        self.series = Series()
        self._source = source
        self._weight = weight
        self._average = MovingAverage(weight)
        self._rewrites = source.rewrites

    def update(self) -> Series:
        """Smooth the new points of the source and return the smoothed series."""
        if self._source.rewrites != self._rewrites:
            self.series, self._average = Series(), MovingAverage(self._weight)
            self._rewrites = self._source.rewrites
        if (first := self.series.count) < self._source.count:
            values = self._source.ys[first:]
            smoothed = np.empty(len(values), dtype=np.float32)
            for row in range(0, len(values), _AT_ONCE):  # in float64, all of a long run would fill the memory
                smoothed[row : row + _AT_ONCE] = self._average.next(values[row : row + _AT_ONCE])
            self.series.extend(self._source.iterations_from(first), smoothed)
        return self.series
