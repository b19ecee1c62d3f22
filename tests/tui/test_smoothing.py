"""The moving average, compared with TensorBoard's formula value by value."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.session.metrics.series import Series
from tui.session.metrics.smoothing import MovingAverage, SmoothedSeries

weights = st.sampled_from([0.0, 1e-6, 0.1, 0.6, 0.9, 0.99, 0.999])


def by_the_formula(values, weight):
    average, count, smoothed = 0.0, 0, []
    for value in values:
        if not math.isfinite(value):
            smoothed.append(value)
            continue
        average = average * weight + (1 - weight) * value
        count += 1
        smoothed.append(average / (1 - weight**count))
    return smoothed


def assert_close(ours, theirs):
    np.testing.assert_allclose(ours, np.array(theirs, dtype=np.float32), rtol=1e-5, atol=1e-5 * _largest(theirs))


def _largest(values):
    return max((abs(value) for value in values if math.isfinite(value)), default=0.0)


@given(
    st.lists(st.floats(width=32, min_value=-(2.0**90), max_value=2.0**90) | st.sampled_from([math.nan, math.inf])),
    weights,
)
@settings(deadline=None)
def test_the_average_is_that_of_tensorboard(values, weight):
    assert_close(MovingAverage(weight).next(np.array(values, dtype=np.float32)), by_the_formula(values, weight))


@pytest.mark.parametrize("weight", [1e-6, 0.3, 0.9, 0.999])
def test_long_series_are_averaged_in_blocks_and_in_parts_without_a_difference(weight):
    random = np.random.default_rng(0)
    values = random.normal(1.0, 5.0, size=20_000).astype(np.float32)
    values[random.random(20_000) < 0.01] = np.nan
    expected = by_the_formula(values.tolist(), weight)
    assert_close(MovingAverage(weight).next(values), expected)
    average = MovingAverage(weight)
    cuts = [0, 1, 2, 700, 703, 9000, 20_000]
    parts = [average.next(values[start:stop]) for start, stop in itertools.pairwise(cuts)]
    assert_close(np.concatenate(parts), expected)


def test_a_constant_stays_what_it_is():
    values = np.full(5000, 0.1, dtype=np.float32)
    assert set(MovingAverage(0.97).next(values).tolist()) == {float(np.float32(0.1))}


@pytest.mark.parametrize("weight", [-0.1, 1.0, math.nan])
def test_weights_that_smooth_nothing_meaningful_are_refused(weight):
    with pytest.raises(ValueError, match="expected a smoothing weight from 0 to"):
        MovingAverage(weight)


points = st.lists(st.tuples(st.integers(0, 40), st.floats(-1e6, 1e6, width=32)), max_size=40)


@given(st.lists(points, max_size=5), st.integers(0, 40))
@settings(deadline=None)
def test_a_smoothed_series_follows_its_source_even_where_that_is_rewritten(batches, forgotten):
    source = Series()
    smoothed = SmoothedSeries(source, 0.8)
    for batch in batches:
        source.extend([x for x, _ in batch], [y for _, y in batch])
        assert smoothed.update().xs.tolist() == source.xs.tolist()
        assert_close(smoothed.series.ys, by_the_formula(source.ys.tolist(), 0.8))
    source.forget_from(forgotten)
    assert_close(smoothed.update().ys, by_the_formula(source.ys.tolist(), 0.8))
