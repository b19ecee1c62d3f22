"""The bar of a range: what its ends stand for, and where handles go."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trainer_proc.contract.knob import Knob, refusal
from tui.session.knobs.range import dragged_handle, ends_of, scale_of, share_of, stepped_handle, with_handle


def ranged(default, **more):
    return Knob("a/range", "event", default, default, "next iteration", type="range", **more)


PUSH = ranged((-0.5, 0.5), usual=(-1.0, 1.0))
BOUNDED = ranged((0.3, 1.2), minimum=0.0, maximum=2.0)


def test_bounds_are_the_ends_of_the_bar_where_they_are_near():
    scale = scale_of(BOUNDED, (0.3, 1.2))
    assert (scale.low, scale.high, scale.step) == (0.0, 2.0, 0.02)


def test_bounds_that_are_far_away_would_leave_the_handles_in_one_place():
    scale = scale_of(ranged((-0.025, 0.025), minimum=-10, maximum=10), (-0.025, 0.025))
    assert (scale.low, scale.high) == pytest.approx((-0.05, 0.05))


def test_without_bounds_the_bar_holds_value_default_and_usual_with_room_on_both_sides():
    scale = scale_of(PUSH, (-0.5, 0.5))
    assert (scale.low, scale.high, scale.step) == (-2.0, 2.0, 0.05)
    assert (scale_of(PUSH, (-0.5, 3.0)).low, scale_of(PUSH, (-0.5, 3.0)).high) == (-3.0, 5.0)


def test_one_bound_ends_the_bar_on_its_side():
    scale = scale_of(ranged((0.3, 1.2), minimum=0.0), (0.3, 1.2))
    assert scale.low == 0.0
    assert scale.high == pytest.approx(1.65)


def test_a_range_without_a_width_has_a_bar_all_the_same():
    assert (scale_of(ranged((1.0, 1.0)), (1.0, 1.0)).low, scale_of(ranged((0.0, 0.0)), (0.0, 0.0)).high) == (0.5, 0.5)


def test_a_step_goes_to_the_next_multiple():
    assert stepped_handle(PUSH, (-0.5, 0.5), "low", -1) == (-0.55, 0.5)
    assert stepped_handle(PUSH, (-0.512, 0.5), "low", 1) == (-0.5, 0.5)
    assert stepped_handle(PUSH, (-0.512, 0.5), "low", -1) == (-0.55, 0.5)
    assert stepped_handle(PUSH, (-0.5, 0.5), "high", 1, is_big=True) == (-0.5, 1.0)


def test_handles_stop_at_each_other_and_at_the_bounds():
    assert with_handle(PUSH, (-0.5, 0.5), "low", 0.9) == (0.5, 0.5)
    assert with_handle(PUSH, (-0.5, 0.5), "high", -0.9) == (-0.5, -0.5)
    assert with_handle(BOUNDED, (0.3, 1.2), "low", -4) == (0.0, 1.2)
    assert with_handle(BOUNDED, (0.3, 1.2), "high", 4) == (0.3, 2.0)


def test_a_drag_goes_where_the_mouse_is_on_a_multiple_of_the_step():
    scale = scale_of(BOUNDED, (0.3, 1.2))
    assert dragged_handle(BOUNDED, scale, (0.3, 1.2), "high", 0.753) == (0.3, 1.5)
    assert dragged_handle(BOUNDED, scale, (0.3, 1.2), "high", 7.0) == (0.3, 2.0)
    assert dragged_handle(BOUNDED, scale, (0.3, 1.2), "low", -3.0) == (0.0, 1.2)


@example(0.0, 5e-324, (None, None), [("low", 1, False)])
@given(
    st.floats(-1e6, 1e6),
    st.floats(0, 1e6),
    st.tuples(st.none() | st.floats(0, 1e3), st.none() | st.floats(0, 1e3)),
    st.lists(st.tuples(st.sampled_from(("low", "high")), st.integers(-3, 3).filter(bool), st.booleans()), max_size=20),
)
def test_whatever_is_moved_the_ends_stay_a_range_that_the_knob_takes(low, width, room, moves):
    ends = (low, low + width)
    minimum = None if room[0] is None else low - room[0]
    maximum = None if room[1] is None else low + width + room[1]
    knob = ranged(ends, minimum=minimum, maximum=maximum)
    for handle, by, is_big in moves:
        before = ends
        ends = stepped_handle(knob, ends, handle, by, is_big)
        assert refusal(knob, ends) is None
        moved, still = (0, 1) if handle == "low" else (1, 0)
        assert ends[still] == before[still]
        assert (ends[moved] - before[moved]) * by >= -1e-5 * max(abs(before[moved]), 1)
        scale = scale_of(knob, ends)
        assert scale.low <= ends[0] <= ends[1] <= scale.high
        assert 0 <= share_of(scale, ends[0]) <= share_of(scale, ends[1]) <= 1


def test_only_a_real_range_has_ends():
    assert ends_of((1.0, 2.0)) == (1.0, 2.0)
    assert [ends_of(value) for value in ((2.0, 1.0), (math.nan, 1.0), (0.0, math.inf), 1.0, "a")] == [None] * 5
