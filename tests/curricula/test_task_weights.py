"""Task weights: most for tasks with success in the middle, nothing for those that are locked."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from tests.curricula.driven import Driven, make, rates, user_changes

TASKS = ("stand", "turn", "walk", "run")
WEIGHTS = [f"command/twist/weights/{task}" for task in TASKS]

successes = st.fixed_dictionaries(
    {}, optional={f"Success/task/{task}": rates.filter(lambda r: r is not None) for task in TASKS}
)
courses = st.lists(successes | user_changes, max_size=40)
tables = st.fixed_dictionaries(
    {
        "every": st.integers(1, 4),
        "floor": st.sampled_from([0.0, 0.1, 0.333, 1.0]),
        "start": st.none() | st.integers(0, 3),
    }
)


def tasks(**table):
    return make(kind="tasks", tasks=TASKS, **{key: value for key, value in table.items() if value is not None})


def success(*rates):
    return {f"Success/task/{task}": rate for task, rate in zip(TASKS, rates, strict=False)}


@given(tables, courses)
def test_weights_are_those_of_the_unlocked_tasks_and_never_below_the_floor(table, course):
    driven = Driven(tasks(**table))
    for event in course:
        driven.follow([event])
        curriculum = driven.curriculum
        assert 0 <= curriculum.level <= curriculum.top
        weights = [driven.in_force[knob] for knob in WEIGHTS]
        assert all(table["floor"] <= weight <= 1 for weight in weights[: curriculum.level + 1])
        assert not any(weights[curriculum.level + 1 :])
        assert curriculum.agrees(curriculum.level, driven.in_force)


@given(tables, courses)
def test_it_decides_every_so_often_in_auto_by_what_was_measured_and_always_the_same(table, course):
    driven, again = Driven(tasks(**table)), Driven(tasks(**table))
    for event in course:
        if not isinstance(event, dict):
            driven.set(*event)
            again.set(*event)
            continue
        level, stayed = driven.curriculum.level, driven.curriculum.stayed
        asked = driven.iterate(event)
        assert again.iterate(event) == asked
        for decision in asked:
            assert driven.curriculum.mode == "auto"
            assert (stayed + 1) % table["every"] == 0
            if decision.level is None:
                measured = {knob for knob, task in zip(WEIGHTS, TASKS, strict=True) if is_measured(event, task)}
                assert set(decision.values) <= measured & set(WEIGHTS[: level + 1])
            else:
                assert decision.level == level + 1
                assert event[f"Success/task/{TASKS[level]}"] > 0.7


def is_measured(metrics, task):
    return math.isfinite(metrics.get(f"Success/task/{task}", math.nan))


@given(st.floats(0, 1), st.floats(0, 1))
def test_success_in_the_middle_weighs_most(one, other):
    driven = Driven(tasks(every=1))
    driven.iterate(success(one, other, 0.5, 0.5))
    first, second, middle, _ = (driven.in_force[knob] for knob in WEIGHTS)
    assert middle == 1
    if abs(one - 0.5) > abs(other - 0.5) + 0.15:  # nearer ones may change no weight
        assert first < second


def test_always_and_never_weigh_the_floor():
    driven = Driven(tasks(every=1, floor=0.2))
    driven.iterate(success(0.0, 1.0, 0.5, 0.25))
    assert [driven.in_force[knob] for knob in WEIGHTS] == [0.2, 0.2, 1.0, 0.8]


def test_tasks_are_unlocked_one_after_another_with_even_weights():
    driven = Driven(tasks(every=2, start=0))
    assert [driven.in_force[knob] for knob in WEIGHTS] == [1, 0, 0, 0]
    driven.follow([success(0.8, 0.9)] * 2)
    assert [driven.in_force[knob] for knob in WEIGHTS] == [1, 1, 0, 0]
    driven.follow([success(0.95, 0.6)] * 2)
    assert driven.curriculum.level == 1
    assert [driven.in_force[knob] for knob in WEIGHTS] == [0.27, 0.96, 0, 0]
    assert driven.curriculum.level_text(1) == "stand, turn"
    assert driven.curriculum.outlook(4, success(0.95, 0.6)) == (
        "weights by success in 2 iterations; walk when success of turn > 0.7; stand 0.95, turn 0.60"
    )


def test_a_level_that_was_set_just_now_is_not_weighed_by_what_was_measured_before_it():
    curriculum = tasks(every=1, start=0)
    curriculum.count(success(0.9))
    curriculum.move(1)
    assert curriculum.ask(0, success(0.9, 0.9), curriculum.values(1)) == []
    curriculum.count(success(0.9, 0.9))
    assert [decision.level for decision in curriculum.ask(1, success(0.9, 0.9), curriculum.values(1))] == [2]


def test_small_changes_are_no_intervention_and_what_was_undone_is_weighed_anew():
    driven = Driven(tasks(every=1))
    driven.iterate(success(0.5, 0.5, 0.5, 0.9))
    assert driven.iterate(success(0.5, 0.5, 0.5, 0.91)) == []
    driven.in_force["command/twist/weights/run"] = 1.0
    (decision,) = driven.iterate(success(0.5, 0.5, 0.5, 0.91))
    assert decision.values["command/twist/weights/run"] == 0.39
