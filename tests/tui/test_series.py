import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.session.series import Series, column_of

iterations = st.integers(-200, 3000)
values = st.floats(width=32)
point_lists = st.lists(st.tuples(iterations, values), max_size=120)


def filled_by_append(points, bucket_limit=16):
    series = Series(bucket_limit)
    for x, y in points:
        series.append(x, y)
    return series


def all_columns(series, n):
    return series.columns(series.first_iteration, series.last_iteration, n)


def assert_same_columns(left, right):
    np.testing.assert_array_equal(left.low, right.low)
    np.testing.assert_array_equal(left.high, right.high)
    np.testing.assert_array_equal(left.filled, right.filled)
    np.testing.assert_array_equal(left.non_finite, right.non_finite)


def test_an_empty_series_has_no_points_and_empty_columns():
    series = Series()
    assert (series.count, series.last, series.first_iteration, series.last_iteration) == (0, None, None, None)
    columns = series.columns(0, 10, 5)
    assert not columns.filled.any()
    assert not columns.non_finite.any()


def test_each_iteration_has_its_own_column_while_there_are_buckets_for_all():
    series = Series()
    for x, y in ((5, 1.0), (6, 3.0), (8, -2.0)):
        series.append(x, y)
    columns = series.columns(5, 8, 4)
    assert columns.filled.tolist() == [True, True, False, True]
    assert columns.low[columns.filled].tolist() == [1.0, 3.0, -2.0]
    assert columns.high[columns.filled].tolist() == [1.0, 3.0, -2.0]


def test_a_column_of_many_iterations_shows_their_minimum_and_maximum():
    series = Series()
    series.extend(range(100), range(100))
    columns = series.columns(0, 99, 2)
    assert columns.low.tolist() == [0, 50]
    assert columns.high.tolist() == [49, 99]


def test_the_bucket_width_doubles_only_when_the_iterations_no_longer_fit():
    series = Series(bucket_limit=4)
    widths = []
    for x in range(9):
        series.append(x, float(x))
        widths.append(series.bucket_width)
    assert widths == [1, 1, 1, 1, 2, 2, 2, 2, 4]


def test_a_spike_survives_every_doubling():
    series = Series(bucket_limit=8)
    series.append(0, 0.0)
    series.append(1, 1e6)
    for x in range(2, 5000):
        series.append(x, 0.0)
    assert all_columns(series, 50).high.max() == 1e6


def test_non_finite_values_are_flagged_without_touching_the_range():
    series = Series()
    for x, y in enumerate((1.0, math.nan, math.inf, -math.inf, 2.0)):
        series.append(x, y)
    columns = series.columns(0, 4, 5)
    assert columns.filled.tolist() == [True, False, False, False, True]
    assert columns.non_finite.tolist() == [False, True, True, True, False]
    assert all_columns(series, 1).high.tolist() == [2.0]


def test_last_is_the_value_added_last_even_if_it_is_not_finite_or_not_the_newest_iteration():
    series = Series()
    series.append(10, 1.0)
    series.append(4, 2.5)
    assert series.last == 2.5
    series.extend([11, 12], [7.0, math.nan])
    assert math.isnan(series.last)
    assert series.count == 4
    assert (series.first_iteration, series.last_iteration) == (4, 12)


def test_an_iteration_that_is_repeated_joins_its_bucket():
    series = Series()
    series.extend([0, 1, 2], [0.0, 1.0, 2.0])
    series.append(1, 5.0)
    columns = series.columns(0, 2, 3)
    assert (columns.low[1], columns.high[1]) == (1.0, 5.0)


def test_a_query_beyond_the_data_finds_nothing():
    series = Series()
    series.extend([0, 1], [0.0, 1.0])
    assert not series.columns(100, 200, 10).filled.any()
    assert not series.columns(-200, -100, 10).filled.any()


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="at least 2"):
        Series(bucket_limit=1)
    with pytest.raises(ValueError, match="equally long"):
        Series().extend([1, 2], [1.0])
    with pytest.raises(ValueError, match="no columns"):
        Series().columns(0, 10, 0)
    with pytest.raises(ValueError, match="no columns"):
        Series().columns(10, 0, 5)


def test_columns_span_the_range_from_its_first_to_its_last_iteration():
    assert [column_of(x, 0, 4, 9) for x in range(5)] == [0, 2, 4, 6, 8]
    assert column_of(7, 7, 7, 100) == 0


@given(point_lists, st.integers(2, 20), st.integers(1, 50))
@settings(max_examples=60, deadline=None)
def test_extend_equals_repeated_append(points, bucket_limit, cut):
    appended = filled_by_append(points, bucket_limit)
    extended = Series(bucket_limit)
    for part in (points[:cut], points[cut:]):
        extended.extend([x for x, _ in part], [y for _, y in part])
    assert (extended.count, extended.bucket_width) == (appended.count, appended.bucket_width)
    assert (extended.first_iteration, extended.last_iteration) == (appended.first_iteration, appended.last_iteration)
    if points:
        np.testing.assert_equal(extended.last, appended.last)
        assert_same_columns(all_columns(extended, 40), all_columns(appended, 40))


@given(point_lists, st.integers(2, 20), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_points_does_not_matter(points, bucket_limit, random):
    shuffled = random.sample(points, len(points))
    if points:
        one, other = filled_by_append(points, bucket_limit), filled_by_append(shuffled, bucket_limit)
        assert_same_columns(all_columns(one, 30), all_columns(other, 30))


@given(point_lists.filter(bool), st.integers(2, 20), st.integers(1, 60))
@settings(max_examples=100, deadline=None)
def test_every_point_is_inside_its_column_and_the_extremes_survive(points, bucket_limit, n):
    series = filled_by_append(points, bucket_limit)
    columns = all_columns(series, n)
    first, last = series.first_iteration, series.last_iteration
    for x, y in points:
        bucket_start = max(first, x // series.bucket_width * series.bucket_width)
        column = column_of(bucket_start, first, last, n)
        if math.isfinite(y):
            assert columns.low[column] <= y <= columns.high[column]
        else:
            assert columns.non_finite[column]
    finite = [y for _, y in points if math.isfinite(y)]
    assert columns.filled.any() == bool(finite)
    if finite:
        assert (columns.low.min(), columns.high.max()) == (min(finite), max(finite))
    assert columns.non_finite.any() == (len(finite) < len(points))


@given(st.lists(values, min_size=2, max_size=80))
@settings(max_examples=60, deadline=None)
def test_earlier_columns_keep_their_content_while_the_width_stays(ys):
    series = Series(bucket_limit=16)
    for x, y in enumerate(ys):
        width, earlier = series.bucket_width, series.columns(0, 79, 80)
        series.append(x, y)
        if series.bucket_width == width:
            now, finished = series.columns(0, 79, 80), x // width * width
            np.testing.assert_array_equal(now.low[:finished], earlier.low[:finished])
            np.testing.assert_array_equal(now.high[:finished], earlier.high[:finished])
