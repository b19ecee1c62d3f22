"""Places of iterations on an x axis, and iterations at places."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.session.metrics.timeline import Timeline


def timeline_of(*points):
    timeline = Timeline()
    timeline.extend(*zip(*points, strict=True))
    return timeline


def test_a_timeline_without_iterations_knows_no_place():
    timeline = Timeline()
    assert (timeline.extent("iteration"), timeline.extent("time")) == (None, None)
    assert timeline.units == ("iteration",)
    assert timeline.place([3, 4], "steps").tolist() == [0, 0]
    assert timeline.place([3, 4], "iteration").tolist() == [3, 4]
    timeline.extend([], [], [])
    assert len(timeline) == 0


def test_places_between_iterations_are_interpolated_and_those_outside_are_the_ends():
    timeline = timeline_of((0, 100, 60.0), (10, 200, 61.0), (20, 400, 64.0))
    assert timeline.place([-5, 0, 5, 15, 20, 30], "steps").tolist() == [100, 100, 150, 300, 400, 400]
    assert timeline.place([5, 15], "time").tolist() == [60.5, 62.5]
    assert timeline.extent("steps") == (100, 400)
    assert [timeline.iteration_at(place, "steps") for place in (0, 100, 150, 300, 400, 1000)] == [0, 0, 5, 15, 20, 20]
    assert timeline.iteration_at(7.25, "iteration") == 7.25


def test_units_that_tell_nothing_apart_are_not_offered():
    assert timeline_of((0, 0, 1.0), (1, 0, 2.0)).units == ("iteration", "time")
    assert timeline_of((0, 10, 0.0), (1, 20, 0.0)).units == ("iteration", "steps")


def test_positions_stand_still_while_a_clock_is_behind():
    timeline = timeline_of((0, 10, 5.0), (1, 20, 3.0), (2, 30, 6.0))
    assert timeline.place([0, 1, 2], "time").tolist() == [5, 5, 6]
    timeline.extend([3], [40], [1.0])
    assert timeline.place([3], "time").tolist() == [6]
    assert timeline.iteration_at(5.0, "time") == 0
    assert timeline.iteration_at(6.0, "time") == 2


def test_an_iteration_that_is_told_again_replaces_what_was_told():
    timeline = timeline_of((0, 10, 1.0), (1, 20, 2.0), (3, 30, 3.0))
    timeline.extend([1, 2, 4], [25, 26, 50], [2.5, 2.6, 5.0])
    assert len(timeline) == 5
    assert timeline.place([0, 1, 2, 3, 4], "steps").tolist() == [10, 25, 26, 30, 50]


places = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 10**9), st.floats(0, 1e6, allow_nan=False)), min_size=1, max_size=60
)


@given(places, st.lists(st.integers(1, 20), min_size=1), st.sampled_from(["steps", "time"]))
def test_iterations_can_come_in_any_parts_and_their_places_never_fall(points, sizes, unit):
    whole, parts = timeline_of(*points), Timeline()
    start = 0
    for size in sizes * len(points):
        if start < len(points):
            parts.extend(*zip(*points[start : start + size], strict=True))
        start += size
    known = sorted({iteration for iteration, _, _ in points})
    assert len(whole) == len(parts) == len(known)
    for timeline in (whole, parts):
        assert (np.diff(timeline.place(range(300), unit)) >= 0).all()


@pytest.mark.parametrize("unit", ["iteration", "steps", "time"])
@given(points=places, wanted=st.lists(st.floats(-10, 2e9), min_size=2, max_size=20))
def test_the_first_iterations_of_columns_hold_each_iteration_once(unit, points, wanted):
    """Columns are found by place: what is before an edge and what isn't."""
    timeline = timeline_of(*points)
    edges = np.sort(wanted)
    bounds = timeline.first_iterations(edges, unit)
    assert (np.diff(bounds) >= 0).all()
    for iteration in {iteration for iteration, _, _ in points}:
        (place,) = timeline.place([iteration], unit)
        for edge, bound in zip(edges, bounds, strict=True):
            if abs(edge - place) > 1e-6 * (1 + abs(edge)):
                assert (iteration >= bound) == (place >= edge)


def test_what_is_trained_again_is_forgotten():
    timeline = timeline_of(*((iteration, iteration * 10, iteration / 2) for iteration in range(10)))
    timeline.forget_from(6)
    assert timeline.last_iterations(3).tolist() == [3, 4, 5]
    assert (timeline.extent("steps"), timeline.extent("time")) == ((0, 50), (0, 2.5))
    timeline.forget_from(0)
    assert timeline.extent("iteration") is None
