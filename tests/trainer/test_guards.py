"""Guards: when they fire, and what their mode does."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_proc.contract.knob import refusal
from trainer_proc.steering.guard import CALM_ITERATIONS, Finding
from trainer_proc.steering.guards import (
    DESIRED_KL,
    KL,
    KL_BEFORE_UPDATE,
    REWARD,
    SUCCESS,
    FallGuard,
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


def test_a_loss_is_named_before_a_reward():
    wrong = {"Episode_Reward/upright": math.nan, **FINE, "Loss/value": math.inf, REWARD: math.nan}
    assert NotFiniteGuard().check(wrong | {"Episode_Reward/upright": math.nan}) == "Loss/value is inf"


# --- KL ---------------------------------------------------------------------------------------------------


def test_kl_is_reported_after_a_number_of_iterations_in_a_row_above_a_multiple_of_the_desired():
    guard = KlGuard()
    high = {KL: 0.051, DESIRED_KL: 0.01}
    assert [guard.check(high) for _ in range(4)] == [""] * 4
    assert guard.check(high) == "KL 0.051 exceeded 5× desired KL (0.01) for 5 iterations"


def test_what_normalizers_change_before_an_update_is_not_the_update_s_kl():
    """As in the first iterations with rsl-rl 5.4, at whatever learning rate."""
    guard = KlGuard()
    assert [guard.check({KL: 0.3, KL_BEFORE_UPDATE: 0.26, DESIRED_KL: 0.01}) for _ in range(9)] == [""] * 9
    messages = [guard.check({KL: 0.3, KL_BEFORE_UPDATE: 0.2, DESIRED_KL: 0.01}) for _ in range(5)]
    assert messages == ["", "", "", "", "KL 0.1 exceeded 5× desired KL (0.01) for 5 iterations"]
    assert KlGuard().check({KL: 0.3, KL_BEFORE_UPDATE: math.nan, DESIRED_KL: 0.01}) == ""


def test_the_row_grows_as_long_as_kl_is_high():
    guard = KlGuard()
    guard.iterations = 2
    high = {KL: 0.06, DESIRED_KL: 0.01}
    assert [guard.check(high).rpartition("for ")[2] for _ in range(4)] == [
        "",
        "2 iterations",
        "3 iterations",
        "4 iterations",
    ]


@given(st.integers(1, 6), st.lists(st.booleans(), max_size=40))
def test_one_iteration_of_good_kl_restarts_the_row(needed, is_high):
    guard = KlGuard()
    guard.iterations = needed
    row = 0
    for high in is_high:
        row = row + 1 if high else 0
        assert bool(guard.check({KL: 0.06 if high else 0.05, DESIRED_KL: 0.01})) == (row >= needed)


@pytest.mark.parametrize("metrics", [{}, {KL: 1.0}, {DESIRED_KL: 0.01}, {KL: math.nan, DESIRED_KL: 0.01}])
def test_without_kl_and_a_desired_one_nothing_is_reported(metrics):
    guard = KlGuard()
    guard.iterations = 1
    assert guard.check(metrics) == ""


# --- Drops ------------------------------------------------------------------------------------------------


def test_a_drop_since_the_last_change_is_reported_once():
    guard = FallGuard("reward", REWARD)
    guard.intervened({REWARD: 10.0})
    assert guard.finding({REWARD: 7.0}) is None
    message = "reward dropped from 10 to 6.9 since the last change"
    assert guard.finding({REWARD: 6.9}) == Finding("reward", message, "warn", iterations=2)
    assert guard.finding({REWARD: 1.0}) is None
    guard.intervened({REWARD: 6.9})
    assert guard.finding({REWARD: 4.0}) is not None


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


@pytest.mark.parametrize("action", ["pause", "undo"])
def test_a_policy_of_nan_is_acted_on_again_for_as_long_as_it_lasts(action):
    guards = Guards()
    set_knob(guards, "guard/not_finite/mode", "act")
    set_knob(guards, "guard/not_finite/action", action)
    wrong = FINE | {"Loss/value": math.nan}
    assert [found.action for _ in range(3) for found in guards.check(wrong)] == [action] * 3


def test_a_reward_of_nan_pauses_once_and_an_undo_is_tried_again():
    guards = Guards()
    set_knob(guards, "guard/not_finite/mode", "act")
    wrong = FINE | {"Episode_Reward/upright": math.nan}
    assert [len(guards.check(wrong)) for _ in range(3)] == [1, 1, 1]
    set_knob(guards, "guard/not_finite/action", "pause")
    assert [len(guards.check(wrong)) for _ in range(3)] == [1, 0, 0]
    guards.judge_anew()  # after a reload
    assert happened(guards, wrong, wrong) == [(0, "not_finite"), (0, "not_finite calmed")]
    guards.judge_anew()
    assert happened(guards, FINE, FINE) == [(0, "not_finite calmed")]


# --- Episodes of trouble ----------------------------------------------------------------------------------

HIGH = FINE | {KL: 1.0}


def happened(guards, *iterations):
    """Check these metrics; return what happened at which place: a report, or the end of an episode."""
    events = []
    for place, metrics in enumerate(iterations):
        events += [(place, found.guard) for found in guards.check(metrics)]
        events += [(place, f"{guard} calmed") for guard in guards.calmed()]
    return events


def test_a_problem_is_reported_once_and_its_end_too():
    guards = Guards()
    set_knob(guards, "guard/kl/iterations", 4.0)
    assert happened(guards, *[HIGH] * 30, *[FINE] * 50) == [(3, "kl"), (29 + CALM_ITERATIONS, "kl calmed")]
    assert happened(guards, *[HIGH] * 5) == [(3, "kl")]


def test_a_metric_around_its_limit_is_one_episode():
    guards = Guards()
    set_knob(guards, "guard/kl/iterations", 1.0)
    assert happened(guards, *[HIGH, FINE, FINE, FINE] * 40) == [(0, "kl")]


def test_a_guard_that_is_switched_off_is_in_no_trouble():
    guards = Guards()
    set_knob(guards, "guard/kl/iterations", 1.0)
    assert happened(guards, HIGH) == [(0, "kl")]
    set_knob(guards, "guard/kl/mode", "off")
    assert happened(guards, HIGH, HIGH) == [(0, "kl calmed")]


def test_the_next_change_ends_the_trouble_that_was_measured_from_the_last_one():
    guards = Guards()
    guards.intervened(FINE)
    assert happened(guards, FINE | {REWARD: 1.0}) == [(0, "reward")]
    guards.intervened(FINE | {REWARD: 1.0})
    assert happened(guards, FINE | {REWARD: 1.0}) == [(0, "reward calmed")]


def test_a_guard_pauses_once_for_a_problem_that_the_user_lives_with_and_again_if_a_change_does_not_help():
    guards = Guards()
    set_knob(guards, "guard/kl/mode", "act")
    assert happened(guards, *[HIGH] * 30) == [(4, "kl")]
    guards.intervened(HIGH)
    assert happened(guards, *[HIGH] * 30) == [(4, "kl")]


@pytest.mark.parametrize("mode", ["warn", "act"])
def test_a_finding_says_for_how_long_the_problem_has_been_there(mode):
    guards = Guards()
    set_knob(guards, "guard/kl/mode", mode)
    guards.intervened(FINE)
    for _ in range(4):
        assert guards.check(HIGH) == []
    assert [found.iterations for found in guards.check(HIGH | {SUCCESS: 0.1, "Loss/value": math.nan})] == [1, 5, 5]


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


# --- Evaluations ------------------------------------------------------------------------------------------


def evaluated(best=0.8, **values):
    return FINE | {"Evaluation/best": best} | {f"Evaluation/{name}": value for name, value in values.items()}


def test_an_evaluation_far_below_the_best_is_reported_once_the_guard_is_on():
    guards = Guards()
    collapsed = evaluated(score=0.3, success=0.9)
    assert guards.check(collapsed) == []
    set_knob(guards, "guard/evaluation/mode", "act")
    for fine in (FINE, evaluated(score=0.4), evaluated(success=0.4), evaluated(best=0.0, score=0.0)):
        assert guards.check(fine) == []
    (finding,) = guards.check(collapsed)  # the score decides where there is one
    assert (finding.guard, finding.action) == ("evaluation", "best")
    assert finding.message == "Evaluation/score 0.3 is far below the best, 0.8"
    set_knob(guards, "guard/evaluation/drop", 70.0)
    guards.judge_anew()
    assert guards.check(collapsed) == []


def test_the_guard_of_evaluations_has_no_change_to_undo():
    (action,) = [knob.description for knob in Guards().knobs() if knob.name == "guard/evaluation/action"]
    assert action.choices == ("pause", "best")
    assert refusal(action, "undo") is not None


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
    assert len(knobs) == len(guards.knobs()) == 21
    for name, value in {"guard/kl/iterations": 0.0, "guard/kl/factor": 0.5, "guard/reward/drop": -1.0}.items():
        assert "expected at least" in refusal(knobs[name], value)
    assert refusal(knobs["guard/kl/iterations"], 2.5) is not None
    assert refusal(knobs["guard/kl/mode"], "sometimes") is not None
    guards.intervened(FINE)
    assert guards.check(FINE | {REWARD: 5.1}) == []
    assert len(guards.check(FINE | {REWARD: 4.9})) == 1
