"""The goal of a training: when it is reached, and how the training ends."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presets.goal import read_goal
from tests.trainer.recorded_training import Training
from trainer_proc.contract.messages import PhaseChanged
from trainer_proc.steering.goal import HELD, GoalCheck
from trainer_proc.steering.interface import TrainingStopped
from trainer_proc.training.lifecycle import run_and_report

METRIC = "Train/success_rate"
REACHED = f"goal reached: {METRIC} at least 0.8 for 2 iterations, now 0.9"


def goal(**fields):
    return read_goal({"metric": METRIC, "at_least": 0.8} | {name.rstrip("_"): v for name, v in fields.items()}, {})


VALUES = st.lists(st.none() | st.sampled_from([0.0, 0.79, 0.8, 1.0, math.nan, math.inf]), max_size=30)


@given(VALUES, st.integers(1, 4))
def test_a_goal_is_reached_after_enough_iterations_in_a_row(values, iterations):
    check = GoalCheck(goal(for_=iterations))
    value, held = None, 0
    for new in values:
        value = value if new is None else new
        held = held + 1 if value is not None and 0.8 <= value < math.inf else 0
        assert bool(check.check({} if new is None else {METRIC: new})) == (held >= iterations)
        assert check.metrics() == {HELD: held}


def test_without_a_goal_nothing_is_published_or_reached():
    check = GoalCheck()
    assert check.check({METRIC: 1.0}) == ""
    assert check.metrics() == {}


def test_a_metric_that_is_never_published_is_reported_with_the_nearest():
    reported = []
    check = GoalCheck(goal(), reported.append)
    for _ in range(100):
        assert reported == []
        check.check({"Train/success_rates": 1.0})
    assert reported == [f"{METRIC} has not been published in 100 iterations; nearest: Train/success_rates"]


def test_a_metric_of_evaluations_is_missed_once_another_one_is_there():
    reported = []
    table = {"metric": "Evaluation/succes", "at_least": 1}
    check = GoalCheck(read_goal(table, {"every": 2}), reported.append)
    for _ in range(200):
        check.check({METRIC: 1.0})
    assert reported == []
    check.check({"Evaluation/success": 1.0})
    assert reported == ["Evaluation/succes has not been published in 201 iterations; nearest: Evaluation/success"]


@pytest.fixture
def training():
    training = Training()
    training.steering.goal = GoalCheck(goal(for_=2))
    training.begin()
    training.link.emitted.clear()
    return training


def test_a_training_that_reaches_its_goal_saves_a_checkpoint_and_finishes_with_the_reason(training):
    def work():
        training.boundary(after=3, metrics={METRIC: 0.9})
        training.boundary(after=4)
        raise AssertionError("the training goes on")

    run_and_report(training.steering, work)
    assert training.done == [("save", 4)]
    assert training.link.emitted == [
        PhaseChanged("stopping", f"{REACHED}; saving a checkpoint"),
        PhaseChanged("finished", REACHED),
    ]


def test_all_ranks_stop_at_the_same_boundary():
    class Second:
        """Rank 1, which gets what rank 0 shares."""

        rank = 1

        def share(self, orders):
            assert not orders
            return first.shared

        def all(self, is_so):
            return is_so

    class First(Second):
        rank = 0

        def share(self, orders):
            self.shared = list(orders)
            return self.shared

    first = First()
    for ranks in (first, Second()):
        training = Training(ranks)
        training.steering.goal = GoalCheck(goal())
        training.begin()
        with pytest.raises(TrainingStopped):
            training.boundary(metrics={} if ranks.rank else {METRIC: 1.0})
        assert training.steering.reached.startswith("goal reached")
