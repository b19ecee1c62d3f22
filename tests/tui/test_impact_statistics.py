"""How sure means and their differences are, beside slower ways to the same numbers and many simulated runs."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_proc.contract.statistics import student_t
from tui.session.impact.statistics import LEAST_POINTS, Level, difference, difference_from_trend, level

T_TABLE = {2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 8: 2.306, 10: 2.228, 15: 2.131, 20: 2.086, 30: 2.042,
           60: 2.000, 120: 1.980, 1e6: 1.960}  # fmt: skip
VALUES = st.lists(st.floats(-1e3, 1e3, width=32), min_size=LEAST_POINTS, max_size=90)


def of(values, first=100):
    return level(np.arange(first, first + len(values)), np.array(values, dtype=np.float64))


@pytest.mark.parametrize(("freedom", "value"), T_TABLE.items())
def test_student_s_t_is_that_of_the_tables(freedom, value):
    assert student_t(freedom) == pytest.approx(value, abs=6e-4)


@given(st.floats(2, 1e5))
def test_student_s_t_falls_smoothly_where_there_is_no_table(freedom):
    assert student_t(freedom * 1.01) < student_t(freedom) * 1.0001
    assert 1.9599 < student_t(freedom) < 4.305


def brute(values):
    """Mean, slope and standard error, by sums over pairs and plain Python."""
    n = len(values)
    times = [i - (n - 1) / 2 for i in range(n)]
    mean = statistics.fmean(values)
    slope = sum(t * v for t, v in zip(times, values, strict=True)) / sum(t * t for t in times)
    rest = [v - mean - slope * t for t, v in zip(times, values, strict=True)]
    squares = sum(r * r for r in rest)
    measured = sum(rest[i] * rest[i + 1] for i in range(n - 1)) / squares
    r = min(max((n * measured + 2) / (n - 4), 0.0), 0.99)
    independent = n * (1 - r) / (1 + r)
    variance = squares / (n - 2 * n / independent) if independent > 2 else math.nan
    return mean, slope, independent, math.sqrt(variance / independent) if independent >= 4 else math.nan


@given(VALUES)
def test_a_level_agrees_with_plain_sums(values):
    told = of(values)
    spread = max(values) - min(values)
    assert told.mean == pytest.approx(statistics.fmean(values), abs=1e-9)
    if spread < 1e-3 * max(map(abs, values), default=0) or spread == 0:
        return
    mean, slope, independent, error = brute(values)
    if told.error == 0:  # on a line
        assert error == pytest.approx(0, abs=1e-6 * spread) or math.isnan(error)
        return
    assert told.independent == pytest.approx(independent, rel=1e-6)
    assert told.is_known == (not math.isnan(error))
    if told.is_known:
        assert told.mean == pytest.approx(mean)
        assert told.slope == pytest.approx(slope, abs=1e-9 * spread)
        assert told.error == pytest.approx(error, rel=1e-6)


@given(VALUES, VALUES, st.floats(-50, 50), st.floats(0.1, 10))
def test_a_difference_does_not_depend_on_where_zero_is_and_scales_with_the_unit(before, after, shift, unit):
    one = difference(of(before), of(after))
    moved = difference(of([unit * v + shift for v in before]), of([unit * v + shift for v in after]))
    if one is None or moved is None or min(np.std(before), np.std(after)) < 1e-2:
        return
    size = unit * max(map(abs, (*before, *after))) + abs(shift)
    for a, b in zip((one.value, one.low, one.high), (moved.value, moved.low, moved.high), strict=True):
        assert b == pytest.approx(unit * a, rel=1e-5, abs=1e-6 * size)


@given(VALUES, VALUES)
def test_forth_and_back_are_the_same_with_the_other_sign(before, after):
    forth, back = difference(of(before), of(after)), difference(of(after), of(before))
    assert (forth is None) == (back is None)
    if forth is not None:
        assert (forth.value, forth.low, forth.high) == (-back.value, -back.high, -back.low)
        assert forth.excludes_zero == back.excludes_zero
        assert forth.low <= forth.value <= forth.high


def test_few_values_say_nothing_of_their_mean():
    few = of([1.0, 2.0] * (LEAST_POINTS // 2 - 1))
    assert (few.mean, few.is_known, math.isnan(few.half_width)) == (1.5, False, True)
    assert difference(few, of(list(range(30)))) is None
    assert difference_from_trend(of(list(range(30))), few) is None


def test_values_that_hardly_move_against_each_other_say_nothing_either():
    slow = of([math.sin(i / 20) for i in range(60)])
    assert not slow.is_known
    assert 0 < slow.independent < 4


def test_what_is_always_the_same_is_known_exactly():
    assert difference(of([0.0] * 30), of([2.0] * 30)) == difference(of([5.0] * 30), of([7.0] * 30))
    exact = difference(of([0.0] * 30), of([2.0] * 30))
    assert (exact.value, exact.low, exact.high, exact.excludes_zero) == (2.0, 2.0, 2.0, True)
    assert not difference(of([1.0] * 30), of([1.0] * 30)).excludes_zero


def test_a_line_that_goes_on_is_no_change_beyond_the_trend():
    rng = np.random.default_rng(1)
    values = 0.5 * np.arange(100) + rng.normal(size=100)
    before, after = of(values[:50]), of(values[50:], 150)
    assert difference(before, after).excludes_zero
    assert not difference_from_trend(before, after).excludes_zero
    jump = of(values[50:] + 20, 150)
    assert difference_from_trend(before, jump).value == pytest.approx(20, abs=2)
    assert difference_from_trend(before, jump).excludes_zero


def runs(count, length, alike):
    """Simulated metrics without a change: first-order autoregressive with that lag-one autocorrelation."""
    rng = np.random.default_rng(7)
    noise = rng.normal(size=(count, length))
    values = np.empty((count, length))
    values[:, 0] = noise[:, 0] / math.sqrt(1 - alike**2)
    for i in range(1, length):
        values[:, i] = alike * values[:, i - 1] + noise[:, i]
    return values


@pytest.mark.parametrize(("alike", "length"), [(0.0, 50), (0.5, 50), (0.8, 100), (0.5, 200)])
def test_of_many_runs_without_a_change_about_one_in_twenty_shows_one(alike, length):
    told = [difference(of(run[:length]), of(run[length:])) for run in runs(1000, 2 * length, alike)]
    known = [one for one in told if one is not None]
    assert len(known) > 900
    missed = sum(one.excludes_zero for one in known) / len(known)
    assert 0.02 < missed < 0.075  # 3.6 standard errors around 0.05


def test_taken_for_independent_alike_values_would_mislead():
    def naive(run):
        before, after = run[:50], run[50:]
        error = math.sqrt(before.var(ddof=1) / 50 + after.var(ddof=1) / 50)
        return abs(after.mean() - before.mean()) > 1.98 * error

    assert sum(map(naive, runs(1000, 100, 0.8))) > 350


def test_levels_tell_their_interval():
    known = Level(50, 1.0, 25.0, independent=12.0, error=0.1, slope=0.0, slope_error=0.01)
    assert known.half_width == pytest.approx(0.2228, abs=1e-4)
