"""Schedules: points by iteration or by a metric. That ramps arrive in time is tested with a training's knobs."""

from __future__ import annotations

import math
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curricula.curriculum import SUCCESS_RATE
from curricula.schedule import PARTS
from tests.curricula.driven import Driven, courses, make, seen

WEIGHT, SPEED = "reward/pose/weight", "command/twist/lin_vel_x"
shapes = st.sampled_from(["step", "linear", "geometric"])
weights = st.floats(0.01, 100.0)
ways = st.lists(st.tuples(st.integers(1, 9), weights), min_size=1, max_size=6).map(
    lambda steps: list(zip(accumulate(gap for gap, _ in steps), (weight for _, weight in steps), strict=True))
)
shares = st.lists(weights, min_size=2, max_size=5).map(
    lambda values: [(index / (len(values) - 1), value) for index, value in enumerate(values)]
)


def points(way):
    return [{"at": at, "set": {WEIGHT: weight}} for at, weight in way]


@given(ways, shapes, st.integers(0, 60))
def test_by_iteration_every_point_is_reached_at_its_iteration(way, shape, first):
    driven = Driven(make(kind="schedule", points=points(way), shape=shape), first)
    while driven.iteration < way[-1][0] + 3:
        reached = [weight for at, weight in way if at <= driven.iteration]
        assert driven.curriculum.level == max(len(reached) - 1, 0)
        if shape == "step" or driven.iteration in dict(way):
            assert driven.in_force[WEIGHT] == (reached or [way[0][1]])[-1]
        driven.iterate({})
    assert driven.in_force[WEIGHT] == way[-1][1]


@given(ways, shapes, courses)
def test_the_same_course_leads_to_the_same_decisions(way, shape, course):
    table = {"kind": "schedule", "points": points(way), "shape": shape}
    assert Driven(make(**table)).follow(course) == Driven(make(**table)).follow(course)
    by_metric = table | {"by": SUCCESS_RATE, "stay": 2}
    assert Driven(make(**by_metric)).follow(course) == Driven(make(**by_metric)).follow(course)


@given(ways, courses)
def test_only_auto_decides(way, course):
    driven = Driven(make(kind="schedule", points=points(way)))
    for event in course:
        if isinstance(event, dict):
            assert not driven.iterate(event) or driven.curriculum.mode == "auto"
        else:
            driven.set(*event)


@given(shares, shapes, st.integers(1, 4), courses)
def test_by_a_metric_values_never_go_back_and_never_too_often(way, shape, stay, course):
    table = {"kind": "schedule", "by": SUCCESS_RATE, "points": points(way), "shape": shape, "stay": stay}
    driven = Driven(make(**table))
    moved = 0
    for event in course:
        before = driven.curriculum.level
        if not isinstance(event, dict):
            driven.set(*event)
            moved = driven.iteration if driven.curriculum.level != before else moved
            continue
        for decision in driven.iterate(event):
            assert decision.level > before
            assert driven.iteration - moved >= stay
            assert math.isfinite(event[SUCCESS_RATE])
            moved = driven.iteration
        assert driven.in_force == driven.curriculum.values(driven.curriculum.level)


@given(shares, shapes)
def test_by_a_metric_every_point_is_hit_exactly(way, shape):
    driven = Driven(make(kind="schedule", by=SUCCESS_RATE, points=points(way), shape=shape, stay=1))
    for at, weight in way:
        driven.iterate(seen(at))
        assert driven.in_force == {WEIGHT: weight}
    assert driven.curriculum.level == driven.curriculum.top


def test_by_a_metric_values_follow_it_in_parts():
    points = [
        {"at": at, "set": {WEIGHT: weight, SPEED: speed}} for at, weight, speed in ((0.2, 1, (0, 1)), (0.6, 3, (-1, 3)))
    ]
    driven = Driven(make(kind="schedule", by=SUCCESS_RATE, points=points, stay=1))
    assert driven.curriculum.top == PARTS
    (decision,) = driven.iterate(seen(0.411))
    assert decision.values == {WEIGHT: 2.0, SPEED: (-0.5, 2.0)}
    assert driven.curriculum.outlook(1, seen(0.411)) == (f"{WEIGHT} 2.1, {SPEED} -0.55:2.1 by {SUCCESS_RATE} 0.42")
    assert driven.iterate(seen(0.1)) == []
    driven.iterate(seen(0.9))
    assert driven.curriculum.outlook(3, {}) == "at the last point"


def test_a_point_keeps_what_it_does_not_name():
    table = [{"at": 0, "set": {WEIGHT: 1.0, SPEED: (0, 1)}}, {"at": 2, "set": {SPEED: (0, 2)}}]
    driven = Driven(make(kind="schedule", points=table, shape="step"))
    assert driven.curriculum.values(1) == {WEIGHT: 1.0, SPEED: (0.0, 2.0)}
    driven.iterate({})
    (decision,) = driven.iterate({})
    assert (decision.level, decision.values, decision.note) == (1, {SPEED: (0.0, 2.0)}, "iteration 2")


def test_words_and_switches_are_set_in_steps():
    table = [{"at": at, "set": {"ppo/schedule": word}} for at, word in ((0, "adaptive"), (3, "fixed"))]
    driven = Driven(make(kind="schedule", points=table, shape="step"))
    driven.follow([{}] * 4)
    assert driven.in_force == {"ppo/schedule": "fixed"}


def test_it_waits_before_its_first_point_and_tells_what_comes():
    driven = Driven(make(kind="schedule", points=points([(10, 1.0), (20, 2.0)])))
    assert driven.in_force == {WEIGHT: 1.0}
    assert driven.iterate({}) == []
    assert driven.curriculum.outlook(0, {}) == f"{WEIGHT} 2 by iteration 20"


@pytest.mark.parametrize(("shape", "value"), [("linear", 2.5), ("geometric", 2.0), ("step", 1.0)])
def test_a_training_that_goes_on_begins_where_the_schedule_is(shape, value):
    driven = Driven(make(kind="schedule", points=points([(0, 1.0), (100, 4.0)]), shape=shape), 50)
    assert driven.in_force == {WEIGHT: value}


def test_on_hold_or_by_hand_it_begins_at_its_level():
    driven = Driven(make(kind="schedule", points=points([(0, 1.0), (100, 4.0)]), mode="manual"), 50)
    assert driven.in_force == {WEIGHT: 1.0}


def test_back_on_auto_it_catches_up_and_ahead_of_time_it_waits():
    driven = Driven(make(kind="schedule", points=points([(0, 1.0), (5, 2.0), (30, 3.0), (60, 4.0)])))
    driven.set("level", 0)
    driven.follow([{}] * 10)
    driven.set("mode", "auto")
    assert [decision.level for decision in driven.iterate({})] == [1]
    (ramp,) = driven.iterate({})
    assert (ramp.values, ramp.ramp_iterations) == ({WEIGHT: 3.0}, 30 - 11)
    driven.set("level", 2)
    driven.set("mode", "auto")
    assert [driven.iterate({}) for _ in range(12, 30)] == [[]] * 18
    (ramp,) = driven.iterate({})
    assert (ramp.values, ramp.ramp_iterations) == ({WEIGHT: 4.0}, 30)


def test_what_can_not_be_had_is_asked_for_again_after_the_minimum_stay():
    curriculum = make(kind="schedule", points=points([(0, 1.0), (2, 2.0), (40, 3.0)]), shape="step", stay=5)
    asked_after = []
    for iteration in range(20):
        curriculum.count({})
        for decision in curriculum.ask(iteration, {}, {}):
            asked_after.append(iteration)
            curriculum.refused(decision)
    assert asked_after == [1, 7, 13, 19]
