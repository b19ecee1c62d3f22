"""Velocity, terrain, stages and growth: a metric leads them up and down, one level at a time."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curricula.curriculum import FINISHED_EPISODES, SUCCESS_RATE, Limit
from curricula.growth import Growing, GrowthCurriculum, GrowthTable
from curricula.velocity import FORWARD
from tests.curricula.driven import Driven, courses, iterations, make, seen

STAGES = ({"event/push/force": (0.0, 1.0), "reward/pose/weight": 1.0}, {"event/push/force": (0.0, 2.0)}, {}, {})
TABLES = (
    {"kind": "velocity"},
    {"kind": "terrain", "lowest": 2, "highest": 6},
    {"kind": "staged", "stages": STAGES},
    {"kind": "staged", "stages": STAGES, "reach": "below", "thresholds": (0.8, 0.4, 0.2)},
    {"kind": "growth", "ranges": {"event/mass/scale": {"from": (1.0, 1.0), "to": (0.8, 1.2)}}, "steps": 4, "down": 0.3},
)
tables = st.builds(
    lambda table, stay, episodes, mode: {**table, "stay": stay, "episodes": episodes, "mode": mode},
    st.sampled_from(TABLES),
    st.integers(1, 5),
    st.sampled_from([0, 3, 100]),
    st.sampled_from(["auto", "manual"]),
)


@given(tables, courses)
def test_a_level_is_always_one_of_its_own_and_all_its_values_are_set(table, course):
    driven = Driven(make(**table))
    for event in course:
        driven.follow([event])
        curriculum = driven.curriculum
        assert 0 <= curriculum.level <= curriculum.top
        assert set(curriculum.values(curriculum.level)) == curriculum.knobs
        assert driven.in_force == curriculum.values(curriculum.level)
        assert curriculum.agrees(curriculum.level, driven.in_force)


@given(tables, courses)
def test_no_level_is_left_before_the_minimum_stay_is_over(table, course):
    driven = Driven(make(**table))
    driven.follow(course)
    began, finished = 0, []
    moves = {iteration: (before, after) for iteration, before, after, who in driven.moves if who == "itself"}
    of_the_user = {iteration for iteration, _, _, who in driven.moves if who == "person"}
    iteration = 0
    for event in course:
        if not isinstance(event, dict):
            if iteration in of_the_user:
                began, finished = iteration, []
            continue
        iteration += 1
        episodes = event.get(FINISHED_EPISODES, 0.0)
        finished.append(episodes if math.isfinite(episodes) else 0.0)
        if iteration in moves:
            assert iteration - began >= table["stay"]
            assert sum(finished) >= table["episodes"]
            assert abs(moves[iteration][1] - moves[iteration][0]) == 1
            began, finished = iteration, []


@given(tables, courses)
def test_the_same_metrics_lead_to_the_same_decisions(table, course):
    assert Driven(make(**table)).follow(course) == Driven(make(**table)).follow(course)


@given(tables, courses)
def test_only_auto_decides_and_only_by_a_metric_that_was_measured(table, course):
    driven = Driven(make(**table))
    for event in course:
        asked = driven.iterate(event) if isinstance(event, dict) else driven.set(*event)
        if asked:
            assert driven.curriculum.mode == "auto"
            assert math.isfinite(event[SUCCESS_RATE])


@given(courses)
def test_stages_never_go_down_by_themselves(course):
    driven = Driven(make(kind="staged", stages=STAGES, stay=1, episodes=0))
    driven.follow(course)
    assert all(after > before for _, before, after, who in driven.moves if who == "itself")


numbers = st.floats(-1e6, 1e6, allow_subnormal=False)
ranges = st.tuples(numbers, numbers).map(sorted).map(tuple)
growing = st.builds(Growing, numbers, numbers) | st.builds(Growing, ranges, ranges)


@given(st.dictionaries(st.sampled_from("abc"), growing, min_size=1), st.integers(1, 50))
def test_growth_goes_one_way_and_never_beyond_its_cap(ranges, steps):
    curriculum = GrowthCurriculum("c", GrowthTable(ranges=ranges, steps=steps))
    for knob, one in ranges.items():
        values = [curriculum.values(level)[knob] for level in range(curriculum.top + 1)]
        assert values[0] == one.start
        assert values[-1] == one.end
        sides = zip(*values, strict=True) if isinstance(one.start, tuple) else [values]
        for side in sides:
            assert list(side) in (sorted(side), sorted(side, reverse=True))
        if isinstance(one.start, tuple):
            assert all(low <= high for low, high in values)


@given(st.lists(iterations, max_size=60))
def test_going_back_to_auto_goes_on_from_the_level_that_was_set(course):
    driven = Driven(make(kind="velocity", stay=2, episodes=10))
    driven.set("level", 3)
    driven.follow(course)
    assert driven.curriculum.level == 3
    assert driven.asked == []
    driven.set("mode", "auto")
    driven.follow([seen(0.9), seen(0.9)])
    assert [decision.level for _, decision in driven.asked] == [4]


# --- One by one -------------------------------------------------------------------------------------------


def test_the_velocity_curriculum_has_the_levels_that_it_should_have():
    curriculum = make(kind="velocity")
    speeds = [curriculum.values(level)["command/twist/lin_vel_x"] for level in range(curriculum.top + 1)]
    assert speeds == list(FORWARD) == [(0, 0.5), (0, 1.0), (0, 1.5), (0, 2.0), (0, 3.0), (0, 4.0)]
    axes = {"command/twist/lin_vel_x", "command/twist/lin_vel_y", "command/twist/ang_vel_z"}
    assert curriculum.knobs == axes
    assert [curriculum.level_text(level) for level in (0, 5)] == ["slow walk, 0 to 0.5 m/s", "fast run, 0 to 4 m/s"]
    assert {name: limit.value for name, limit in curriculum.limits.items()} == {
        "up": 0.8,
        "down": 0.5,
        "stay": 50,
        "episodes": 100,
    }


@pytest.mark.parametrize(
    ("rate", "level"), [(0.81, 3), (0.8, 2), (0.65, 2), (0.5, 2), (0.49, 1), (math.nan, 2), (None, 2)]
)
def test_a_level_is_left_above_and_below_its_thresholds(rate, level):
    driven = Driven(make(kind="velocity", stay=1, episodes=0, start=2))
    driven.iterate(seen(rate))
    assert driven.curriculum.level == level


def test_it_waits_for_iterations_and_for_episodes():
    driven = Driven(make(kind="velocity", stay=3, episodes=50))
    for _ in range(2):
        driven.iterate(seen(1.0, 100.0))
    assert driven.curriculum.outlook(2, seen(1.0)).endswith("eligible in 1 iteration")
    assert [decision.level for decision in driven.iterate(seen(1.0, 0.0))] == [1]
    for _ in range(5):
        driven.iterate(seen(1.0, 9.0))
    assert driven.curriculum.outlook(8, seen(1.0)).endswith("eligible in 5 episodes")
    assert [decision.level for decision in driven.iterate(seen(1.0, 9.0))] == [2]


def test_what_was_measured_on_hold_says_nothing_about_the_level():
    driven = Driven(make(kind="velocity", stay=2, episodes=0))
    driven.set("mode", "hold")
    for _ in range(5):
        driven.iterate(seen(1.0))
    driven.set("mode", "auto")
    assert driven.iterate(seen(1.0)) == []
    assert [decision.level for decision in driven.iterate(seen(1.0))] == [1]


def test_what_can_not_be_had_is_asked_for_again_after_the_minimum_stay():
    curriculum = make(kind="velocity", stay=3, episodes=0)
    asked_after = []
    for iteration in range(12):
        curriculum.count(seen(1.0))
        for decision in curriculum.ask(iteration, seen(1.0), {}):
            asked_after.append(iteration)
            curriculum.refused(decision)
    assert asked_after == [2, 5, 8, 11]


def test_thresholds_that_a_person_has_crossed_lead_up_before_down():
    driven = Driven(make(kind="velocity", stay=1, episodes=0, start=4))
    driven.curriculum.limits["down"] = Limit(0.9)
    driven.follow([seen(0.85)] * 5)
    assert driven.curriculum.level == 5
    driven.iterate(seen(0.79))
    assert driven.curriculum.level == 4


def test_stages_set_what_they_name_and_keep_the_rest():
    driven = Driven(make(kind="staged", stages=STAGES, thresholds=(0.5, 0.7, 0.9), stay=1, episodes=0))
    assert driven.in_force == STAGES[0]
    driven.iterate(seen(0.6))
    assert driven.in_force == {"event/push/force": (0.0, 2.0), "reward/pose/weight": 1.0}
    driven.iterate(seen(0.6))
    assert driven.curriculum.level == 1
    assert driven.curriculum.outlook(2, seen(0.6)) == "up when Train/success_rate > 0.7; now 0.60"


def test_stages_may_wait_for_an_error_to_get_small():
    stages = [{"reward/pose/weight": weight} for weight in (1.0, 0.5)]
    driven = Driven(
        make(kind="staged", stages=stages, metric="Loss/value", thresholds=[0.2], reach="below", stay=1, episodes=0)
    )
    driven.iterate(seen(0.3, metric="Loss/value"))
    assert driven.curriculum.level == 0
    (decision,) = driven.iterate(seen(0.1, metric="Loss/value"))
    assert (decision.level, decision.note) == (1, "Loss/value 0.1 is below 0.2")


def test_growth_without_a_lower_threshold_never_goes_back():
    growth = {"event/mass/scale": {"from": (1.0, 1.0), "to": (0.8, 1.2)}}
    driven = Driven(make(kind="growth", ranges=growth, stay=1, episodes=0, start=5))
    driven.iterate(seen(0.0))
    assert driven.curriculum.level == 5
    assert driven.in_force == {"event/mass/scale": (0.9, 1.1)}
    assert driven.curriculum.level_text(5) == "50% of the full ranges"


def test_the_terrain_curriculum_owns_the_highest_level():
    curriculum = make(kind="terrain", lowest=2, highest=4)
    assert [curriculum.values(level) for level in range(curriculum.top + 1)] == [
        {"terrain/highest_level": 2.0},
        {"terrain/highest_level": 3.0},
        {"terrain/highest_level": 4.0},
    ]
    assert curriculum.level_text(1) == "terrain up to level 3"
