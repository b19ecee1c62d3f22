"""Ramps: their steps and their end."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curricula.values import between
from trainer_proc.steering.ramps import RampInProgress, Ramps

numbers = st.floats(allow_nan=False, allow_infinity=False)
positive = st.floats(1e-300, 1e300)
iterations = st.integers(1, 200)
ranges = st.tuples(numbers, numbers).map(sorted).map(tuple)
positive_ranges = st.tuples(positive, positive).map(sorted).map(tuple)


def steps(start, target, count, shape="linear", **fields):
    ramp = RampInProgress("k", start, target, count, shape, **fields)
    return [ramp.step() for _ in range(count)]


def is_monotone(values, start, target):
    """Rounding may move a step back by the last digits; the formula keeps a range in order."""
    rounding = 1e-12 * max(abs(start), abs(target))
    way = 1 if target >= start else -1
    return all(way * later >= way * earlier - rounding for earlier, later in pairwise([start, *values]))


@given(numbers, numbers, iterations)
def test_a_linear_ramp_goes_one_way_and_arrives_exactly(start, target, count):
    values = steps(start, target, count)
    assert values[-1] == target
    assert is_monotone(values, start, target)


@given(positive, positive, iterations)
def test_a_geometric_ramp_goes_one_way_and_arrives_exactly(start, target, count):
    values = steps(start, target, count, "geometric")
    assert values[-1] == target
    assert is_monotone(values, start, target)


@given(ranges, ranges, iterations)
def test_a_ramp_of_a_range_has_its_low_end_first_at_every_step(start, target, count):
    values = steps(start, target, count)
    assert values[-1] == target
    assert all(low <= high for low, high in values)


@given(positive_ranges, positive_ranges, iterations)
def test_so_has_a_geometric_one(start, target, count):
    values = steps(start, target, count, "geometric")
    assert values[-1] == target
    assert all(low <= high for low, high in values)
    assert all(min(start + target) <= end <= max(start + target) for value in values for end in value)


@given(st.integers(-100, 100), st.integers(-100, 100), iterations)
def test_a_whole_ramp_takes_whole_steps_only(start, target, count):
    values = steps(float(start), float(target), count, whole=True)
    assert values[-1] == target
    assert all(value.is_integer() for value in values)
    assert is_monotone(values, start, target)


def test_linear_steps_are_equally_far_apart_and_geometric_ones_by_equal_factors():
    assert steps(0.0, 2.0, 4) == [0.5, 1.0, 1.5, 2.0]
    assert steps(1.0, 16.0, 4, "geometric") == pytest.approx([2.0, 4.0, 8.0, 16.0])
    assert steps((-1.0, 1.0), (-2.0, 3.0), 2) == [(-1.5, 2.0), (-2.0, 3.0)]


def test_the_way_from_a_value_to_itself_is_no_way():
    assert set(steps(0.3, 0.3, 7)) == {0.3}
    assert set(steps(0.3, 0.3, 7, "geometric")) == {0.3}
    assert between((0.1, 0.7), (0.1, 0.7), 0.3, "geometric", digits=None) == (0.1, 0.7)


def test_all_ramps_move_together_and_each_ends_with_its_last_step():
    ramps = Ramps()
    ramps.begin(RampInProgress("a", 0.0, 1.0, 2))
    ramps.begin(RampInProgress("b", 0.0, 4.0, 4))
    assert ramps.step() == {"a": 0.5, "b": 1.0}
    assert (ramps.iterations_left("a"), ramps.iterations_left("b")) == (1, 3)
    assert ramps.step() == {"a": 1.0, "b": 2.0}
    assert "a" not in ramps
    assert ramps.iterations_left("a") == 0
    assert ramps.step() == {"b": 3.0}


def test_a_new_ramp_takes_the_place_of_the_one_that_the_knob_is_on():
    ramps = Ramps()
    ramps.begin(RampInProgress("a", 0.0, 1.0, 2))
    ramps.begin(RampInProgress("a", 5.0, 6.0, 10))
    assert ramps.step() == {"a": 5.1}


def test_a_knob_that_is_taken_off_its_ramp_moves_no_more():
    ramps = Ramps()
    ramps.begin(RampInProgress("a", 0.0, 1.0, 2))
    ramps.begin(RampInProgress("b", 0.0, 1.0, 2))
    assert ramps.end({"a", "never on one"}) == ("a",)
    assert ramps.step() == {"b": 0.5}


def test_what_is_kept_with_a_checkpoint_stays_as_it_was():
    ramps = Ramps()
    ramps.begin(RampInProgress("a", 0.0, 1.0, 4))
    kept = ramps.snapshot()
    ramps.step()
    assert kept == [RampInProgress("a", 0.0, 1.0, 4)]
    assert ramps.snapshot() == [RampInProgress("a", 0.0, 1.0, 4, done=1)]
