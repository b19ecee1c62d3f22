"""Series: points by iteration, and exact extremes of pixel columns."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.session.metrics.series import Series, column_edges
from tui.session.metrics.sorted_integers import as_range

iterations = st.integers(-200, 3000)
values = st.floats(width=32)
point_lists = st.lists(st.tuples(iterations, values), max_size=120)


def filled_by_append(points):
    series = Series()
    for x, y in points:
        series.append(x, y)
    return series


def all_columns(series, n):
    return series.columns(series.first_iteration, series.last_iteration, n)


def assert_columns_are(columns, chosen):
    """Each column against the values that belong to it, looked at one by one."""
    for column, ys in enumerate(chosen):
        finite = [y for y in ys if math.isfinite(y)]
        assert columns.filled[column] == bool(finite)
        assert columns.non_finite[column] == (len(finite) < len(ys))
        if finite:
            assert (columns.low[column], columns.high[column]) == (min(finite), max(finite))


def test_an_empty_series_has_no_points_and_empty_columns():
    series = Series()
    assert (series.count, series.last, series.first_iteration, series.last_iteration) == (0, None, None, None)
    assert (series.xs.tolist(), series.ys.tolist()) == ([], [])
    columns = series.columns(0, 10, 5)
    assert not columns.filled.any()
    assert not columns.non_finite.any()


def test_each_iteration_has_its_own_column_where_there_is_room():
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


def test_one_spike_in_a_million_is_seen_and_zooming_in_finds_it_exactly():
    series = Series()
    ys = np.zeros(1_000_000)
    ys[777_777] = 1e6
    series.extend(np.arange(1_000_000), ys)
    for n in (1, 7, 160, 500):
        assert np.flatnonzero(all_columns(series, n).high == 1e6).tolist() == [
            np.searchsorted(column_edges(0, 999_999, n), 777_777, "right") - 1
        ]
    assert series.columns(777_770, 777_779, 10).high.tolist() == [0, 0, 0, 0, 0, 0, 0, 1e6, 0, 0]


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


def test_an_iteration_that_is_repeated_keeps_all_its_values_in_order():
    series = Series()
    series.extend([0, 1, 2], [0.0, 1.0, 2.0])
    assert series.rewrites == 0
    series.append(1, 5.0)
    assert (series.xs.tolist(), series.ys.tolist()) == ([0, 1, 1, 2], [0.0, 1.0, 5.0, 2.0])
    assert series.rewrites == 1
    columns = series.columns(0, 2, 3)
    assert (columns.low[1], columns.high[1]) == (1.0, 5.0)


def test_what_is_read_can_not_be_written_to():
    series = filled_by_append([(0, 1.0), (1, 2.0), (5, 3.0)])
    for numbers in (series.xs, series.ys):
        with pytest.raises(ValueError, match="read-only"):
            numbers[0] = 7


def test_a_query_beyond_the_data_finds_nothing():
    series = Series()
    series.extend([0, 1], [0.0, 1.0])
    assert not series.columns(100, 200, 10).filled.any()
    assert not series.columns(-200, -100, 10).filled.any()


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="expected iterations and values"):
        Series().extend([1, 2], [1.0])
    with pytest.raises(ValueError, match="expected n >= 1"):
        Series().columns(0, 10, 0)
    with pytest.raises(ValueError, match="expected n >= 1"):
        Series().columns(10, 0, 5)


@given(point_lists, st.integers(1, 50))
@settings(max_examples=60, deadline=None)
def test_extend_equals_repeated_append(points, cut):
    appended = filled_by_append(points)
    extended = Series()
    for part in (points[:cut], points[cut:]):
        extended.extend([x for x, _ in part], [y for _, y in part])
    np.testing.assert_equal(extended.last, appended.last)
    np.testing.assert_array_equal(extended.xs, appended.xs)
    np.testing.assert_array_equal(extended.ys, appended.ys)


@given(point_lists)
@settings(max_examples=60, deadline=None)
def test_points_are_kept_by_iteration_in_the_order_in_which_they_came(points):
    series = filled_by_append(points)
    kept = sorted(points, key=lambda point: point[0])
    assert series.xs.tolist() == [x for x, _ in kept]
    np.testing.assert_array_equal(series.ys, [y for _, y in kept])
    assert [series.point(row)[0] for row in range(series.count)] == series.xs.tolist()


@given(
    st.lists(st.lists(st.tuples(iterations, values), max_size=400), max_size=4),
    st.lists(st.integers(-250, 3050), min_size=2, max_size=40),
)
@settings(max_examples=100, deadline=None)
def test_columns_are_those_of_the_points_looked_at_one_by_one(batches, edges):
    """Whatever was asked for in between, as when a chart is drawn while a run goes on."""
    series, points = Series(), []
    edges = np.sort(edges)
    for batch in batches:
        points += batch
        series.extend([x for x, _ in batch], [y for _, y in batch])
        columns = series.columns_between(edges)
        chosen = [[y for x, y in points if low <= x < high] for low, high in itertools.pairwise(edges)]
        assert_columns_are(columns, chosen)


@given(
    st.integers(1, 200_000),
    st.integers(1, 7),
    st.sampled_from([0.0, 0.001, 0.5]),
    st.data(),
)
@settings(max_examples=40, deadline=None)
def test_columns_of_long_series_are_exact_at_every_zoom(count, step, share_non_finite, data):
    seed = data.draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    ys = random.normal(size=count).astype(np.float32)
    ys[random.random(count) < share_non_finite] = np.nan
    xs = np.arange(count) * step + random.integers(0, step, count)
    series = Series()
    cut = data.draw(st.integers(0, count))
    for part in (slice(None, cut), slice(cut, None)):
        series.extend(xs[part], ys[part])
        series.columns(0, count * step, 3)
    low, high = sorted(data.draw(st.tuples(*[st.integers(0, count * step)] * 2)))
    edges = column_edges(low, high, data.draw(st.integers(1, 300)))
    columns = series.columns(low, high, len(edges) - 1)
    rows = np.searchsorted(xs, np.ceil(edges))
    assert_columns_are(columns, [ys[start:stop].tolist() for start, stop in itertools.pairwise(rows)])


@given(st.integers(-(10**9), 10**9), st.integers(0, 10**9), st.integers(1, 500))
def test_the_columns_of_a_range_hold_it_from_end_to_end(low, span, n):
    edges = column_edges(low, low + span, n)
    assert len(edges) == n + 1
    assert edges[0] == low
    assert edges[-1] > low + span
    assert (np.diff(edges) >= 0).all()
    assert edges[1] > low


@given(st.lists(values, min_size=2, max_size=80))
@settings(max_examples=60, deadline=None)
def test_earlier_columns_keep_their_content_while_the_range_stays(ys):
    series = Series()
    for x, y in enumerate(ys):
        earlier = series.columns(0, 79, 50)
        series.append(x, y)
        now, finished = series.columns(0, 79, 50), np.searchsorted(column_edges(0, 79, 50), x, "right") - 1
        np.testing.assert_array_equal(now.low[:finished], earlier.low[:finished])
        np.testing.assert_array_equal(now.high[:finished], earlier.high[:finished])


@given(point_lists, st.integers(-250, 3050), point_lists)
@settings(max_examples=60, deadline=None)
def test_points_that_are_forgotten_leave_no_trace(points, iteration, more):
    series, expected = filled_by_append(points), filled_by_append([point for point in points if point[0] < iteration])
    if points:
        all_columns(series, 5)
    series.forget_from(iteration)
    for one in (series, expected):
        one.extend([x for x, _ in more], [y for _, y in more])
    np.testing.assert_array_equal(series.xs, expected.xs)
    np.testing.assert_array_equal(series.ys, expected.ys)
    if series.count:
        ours, theirs = all_columns(series, 40), all_columns(expected, 40)
        np.testing.assert_array_equal(ours.low, theirs.low)
        np.testing.assert_array_equal(ours.high, theirs.high)
        np.testing.assert_array_equal(ours.non_finite, theirs.non_finite)


@pytest.mark.parametrize(
    "parts",
    [
        [range(5), range(5, 9)],
        [range(0, 50, 10), range(50, 90, 10)],
        [range(5), range(7, 9)],
        [range(5), range(3, 9)],
        [range(3, 4), range(3, 4), range(10, 4, -2)],
        [range(0), range(2)],
    ],
)
def test_a_range_is_as_good_as_its_numbers(parts):
    by_range, by_numbers = Series(), Series()
    for part in parts:
        by_range.extend(part, [float(x) for x in part])
        by_numbers.extend(np.array(part, dtype=np.int64), [float(x) for x in part])
    np.testing.assert_array_equal(by_range.xs, by_numbers.xs)
    np.testing.assert_array_equal(by_range.ys, by_numbers.ys)
    assert by_range.last == by_numbers.last


@pytest.mark.parametrize("numbers", [[4], [4, 5, 6], [4, 14, 24], [4, 4], [4, 5, 7], [6, 5, 4]])
def test_numbers_that_rise_evenly_are_a_range(numbers):
    found = as_range(np.array(numbers))
    assert list(found) == numbers
    assert isinstance(found, range) == (numbers in ([4], [4, 5, 6], [4, 14, 24]))
