"""Guards: when they fire, and what their mode does."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_proc.contract.knob import refusal
from trainer_proc.steering.guards import (
    DESIRED_KL,
    KL,
    REWARD,
    SUCCESS,
    FallGuard,
    Finding,
    Guards,
    KlGuard,
    NotFiniteGuard,
)

FINE = {"Loss/value": 1.0, "Episode_Reward/upright": 0.5, REWARD: 10.0, SUCCESS: 0.8, KL: 0.01, DESIRED_KL: 0.01}


def set_knob(guards, knob, value):
    (found,) = [k for k in guards.knobs() if k.name == knob]
    assert refusal(found.description, value) is None
    found.write(value)
    return found.read()


# --- NaN --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["Loss/value", "Loss/surrogate", "Episode_Reward/upright", REWARD])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_loss_or_a_reward_that_is_not_finite_is_reported(metric, value):
    assert NotFiniteGuard().check(FINE | {metric: value}) == f"{metric} is {value}"


def test_metrics_that_may_be_infinite_are_not_reported():
    assert NotFiniteGuard().check(FINE | {"Perf/total_fps": math.inf, "Policy/explained_variance": math.nan}) == ""


def test_nan_is_reported_once_until_all_is_finite_again():
    guard = NotFiniteGuard()
    wrong = FINE | {"Loss/value": math.nan}
    assert [bool(guard.check(metrics)) for metrics in (wrong, wrong, FINE, wrong)] == [True, False, False, True]


# --- KL ---------------------------------------------------------------------------------------------------


def test_kl_is_reported_after_a_number_of_iterations_in_a_row_above_a_multiple_of_the_desired():
    guard = KlGuard()
    high = {KL: 0.051, DESIRED_KL: 0.01}
    assert [guard.check(high) for _ in range(4)] == [""] * 4
    assert guard.check(high) == "KL 0.051 exceeded 5× desired KL (0.01) for 5 iterations"


def test_kl_is_reported_once_per_row():
    guard = KlGuard()
    guard.iterations = 2
    high = {KL: 0.06, DESIRED_KL: 0.01}
    assert [bool(guard.check(high)) for _ in range(6)] == [False, True] * 3


@given(st.integers(1, 6), st.lists(st.booleans(), max_size=40))
def test_one_iteration_of_good_kl_restarts_the_row(needed, is_high):
    guard = KlGuard()
    guard.iterations = needed
    row = 0
    for high in is_high:
        row = row + 1 if high else 0
        told = bool(guard.check({KL: 0.06 if high else 0.05, DESIRED_KL: 0.01}))
        assert told == (row == needed)
        row = 0 if told else row


@pytest.mark.parametrize("metrics", [{}, {KL: 1.0}, {DESIRED_KL: 0.01}, {KL: math.nan, DESIRED_KL: 0.01}])
def test_without_kl_and_a_desired_one_nothing_is_reported(metrics):
    guard = KlGuard()
    guard.iterations = 1
    assert guard.check(metrics) == ""


# --- Drops ------------------------------------------------------------------------------------------------


def test_a_drop_since_the_last_change_is_reported_once():
    guard = FallGuard("reward", REWARD)
    guard.intervened({REWARD: 10.0})
    assert guard.check({REWARD: 7.0}) == ""
    assert guard.check({REWARD: 6.9}) == "reward dropped from 10 to 6.9 since the last change"
    assert guard.check({REWARD: 1.0}) == ""
    guard.intervened({REWARD: 6.9})
    assert guard.check({REWARD: 4.0}) != ""


def test_a_reward_below_zero_can_drop_too():
    guard = FallGuard("reward", REWARD)
    guard.intervened({REWARD: -10.0})
    assert guard.check({REWARD: -13.0}) == ""
    assert guard.check({REWARD: -13.1}) != ""


@pytest.mark.parametrize("before", [{}, {REWARD: math.nan}])
def test_without_a_value_from_before_there_is_nothing_to_drop_from(before):
    guard = FallGuard("reward", REWARD)
    assert guard.check({REWARD: 1.0}) == ""
    guard.intervened(before)
    assert guard.check({REWARD: -1000.0}) == ""


def test_a_metric_that_is_not_published_has_not_dropped():
    guard = FallGuard("success", SUCCESS)
    guard.intervened({SUCCESS: 0.8})
    assert guard.check({}) == ""
    assert guard.check({SUCCESS: 0.1}) != ""


# --- All guards -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "action", "asked"),
    [("warn", "undo", "warn"), ("warn", "pause", "warn"), ("act", "pause", "pause"), ("act", "undo", "undo")],
)
def test_a_guard_warns_or_requests_its_action(mode, action, asked):
    guards = Guards()
    assert set_knob(guards, "guard/not_finite/mode", mode) == mode
    assert set_knob(guards, "guard/not_finite/action", action) == action
    assert guards.check(FINE | {"Loss/value": math.nan}) == [Finding("not_finite", "Loss/value is nan", asked)]


def test_nan_that_an_undo_has_not_ended_is_reported_again_and_after_a_pause_it_is_not():
    guards = Guards()
    wrong = FINE | {"Loss/value": math.nan}
    set_knob(guards, "guard/not_finite/mode", "act")
    assert [len(guards.check(wrong)) for _ in range(3)] == [1, 1, 1]
    set_knob(guards, "guard/not_finite/action", "pause")
    assert [len(guards.check(wrong)) for _ in range(3)] == [1, 0, 0]


def test_a_guard_that_is_off_reports_nothing():
    guards = Guards()
    set_knob(guards, "guard/not_finite/mode", "off")
    assert guards.check(FINE | {"Loss/value": math.nan}) == []


def test_a_guard_switched_on_while_something_is_wrong_still_reports_it_later():
    guards = Guards()
    set_knob(guards, "guard/kl/mode", "off")
    high = FINE | {KL: 1.0}
    assert [finding for _ in range(4) for finding in guards.check(high)] == []
    set_knob(guards, "guard/kl/mode", "warn")
    assert [finding.guard for _ in range(5) for finding in guards.check(high)] == ["kl"]


def test_several_guards_may_report_at_once():
    guards = Guards()
    guards.intervened(FINE)
    fallen = FINE | {REWARD: 1.0, SUCCESS: 0.1, "Loss/value": math.nan}
    assert [finding.guard for finding in guards.check(fallen)] == ["not_finite", "success", "reward"]
    assert guards.check(fallen) == []


def test_whether_an_undo_needs_a_checkpoint_follows_from_the_knobs():
    guards = Guards()
    assert (guards.may_undo, guards.catches_not_finite) == (False, False)
    set_knob(guards, "guard/not_finite/mode", "act")
    assert (guards.may_undo, guards.catches_not_finite) == (True, True)
    set_knob(guards, "guard/not_finite/action", "pause")
    assert (guards.may_undo, guards.catches_not_finite) == (False, True)
    set_knob(guards, "guard/reward/mode", "act")
    set_knob(guards, "guard/reward/action", "undo")
    assert guards.may_undo


def test_limits_are_knobs_within_bounds():
    guards = Guards()
    assert set_knob(guards, "guard/kl/iterations", 2.0) == 2.0
    assert set_knob(guards, "guard/kl/factor", 3.0) == 3.0
    assert set_knob(guards, "guard/reward/drop", 50.0) == 50.0
    knobs = {knob.name: knob.description for knob in guards.knobs()}
    assert len(knobs) == len(guards.knobs()) == 12
    for name, value in {"guard/kl/iterations": 0.0, "guard/kl/factor": 0.5, "guard/reward/drop": -1.0}.items():
        assert "expected at least" in refusal(knobs[name], value)
    assert refusal(knobs["guard/kl/iterations"], 2.5) is not None
    assert refusal(knobs["guard/kl/mode"], "sometimes") is not None
    guards.intervened(FINE)
    assert guards.check(FINE | {REWARD: 5.1}) == []
    assert len(guards.check(FINE | {REWARD: 4.9})) == 1
