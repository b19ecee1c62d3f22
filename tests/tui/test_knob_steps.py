"""Step keys: what a value becomes, and presses that follow each other as one request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.many_knobs import g1_knobs
from trainer_proc.contract.knob import Knob, is_numeric, refusal
from trainer_proc.contract.messages import InterventionQueued
from trainer_proc.contract.requests import Tune
from trainer_proc.wire.request_validator import RequestValidator
from tui.session.knob_states import KnobState
from tui.session.knobs.bounds import bounds_text, within_bounds
from tui.session.knobs.steps import KnobSteps, next_word, stepped

LESS, MORE, HALF, DOUBLE = 0.9, 1.1, 0.5, 2.0
KNOBS = {knob.name: KnobState(knob, knob.value) for knob in g1_knobs().knobs}
WEIGHT, PUSH, FRICTION = (
    "reward/action_rate_l2/weight",
    "event/push_robot/velocity_range/x",
    "event/foot_friction/ranges",
)
MODE, GAMMA, EPOCHS, COUNT = "guard/kl/mode", "ppo/gamma", "ppo/num_learning_epochs", "environment/num_envs"


def knob(value, kind="number", **more):
    more.setdefault("default", value)
    return Knob("a/knob", "kind", value, takes_effect="next iteration", type=kind, **more)


@pytest.mark.parametrize(
    ("value", "factor", "result"),
    [
        (2.0, MORE, 2.2),
        (2.0, LESS, 1.8),
        (2.2, MORE, 2.42),  # no 2.4200000000000004
        (-0.1, MORE, -0.11),
        (-0.1, HALF, -0.05),
        (0.707107, DOUBLE, 1.41421),
    ],
)
def test_a_number_is_multiplied_and_keeps_as_many_digits_as_are_shown(value, factor, result):
    assert stepped(knob(value), value, factor) == result


@pytest.mark.parametrize(
    ("value", "factor", "result"),
    [
        ((-0.5, 0.5), MORE, (-0.55, 0.55)),
        ((-0.5, 0.5), DOUBLE, (-1.0, 1.0)),
        ((0.3, 1.2), HALF, (0.525, 0.975)),
        ((1.0, 2.0), DOUBLE, (0.5, 2.5)),
        ((-0.3, 0.1), DOUBLE, (-0.5, 0.3)),
    ],
)
def test_a_range_gets_wider_or_narrower_around_its_centre(value, factor, result):
    assert stepped(knob(value, "range"), value, factor) == pytest.approx(result)


@pytest.mark.parametrize(
    ("value", "factor", "result"),
    [(5, MORE, 6), (5, LESS, 4), (3, MORE, 4), (3, LESS, 2), (1, HALF, 0), (100, MORE, 110), (7, HALF, 4),
     (-3, MORE, -4), (-3, LESS, -2), (0, MORE, 1), (0, DOUBLE, 1), (0, LESS, -1)],
)  # fmt: skip
def test_a_whole_number_moves_by_one_at_least(value, factor, result):
    assert stepped(knob(float(value), "integer"), float(value), factor) == result


@pytest.mark.parametrize(
    ("more", "small", "large"),
    [
        ({}, 0.1, 1.0),
        ({"default": 4.0}, 0.4, 4.0),
        ({"default": -4.0, "usual": 2.0}, 0.2, 2.0),
        ({"minimum": 0.0, "maximum": 5.0}, 0.05, 0.5),
    ],
)
def test_from_nothing_a_number_goes_by_what_is_usual(more, small, large):
    zero = knob(0.0, **more)
    assert (stepped(zero, 0.0, MORE), stepped(zero, 0.0, LESS)) == (small, -small)
    assert (stepped(zero, 0.0, DOUBLE), stepped(zero, 0.0, HALF)) == (large, 0.0)


def test_from_no_width_a_range_goes_by_what_is_usual():
    motor = knob((1.0, 1.0), "range", usual=(0.9, 1.1))
    assert stepped(motor, (1.0, 1.0), DOUBLE) == (0.9, 1.1)
    assert stepped(motor, (1.0, 1.0), MORE) == (0.99, 1.01)
    assert stepped(motor, (1.0, 1.0), LESS) == (1.0, 1.0)
    assert stepped(knob((0.0, 0.0), "range"), (0.0, 0.0), MORE) == (-0.1, 0.1)


def test_the_neighbours_of_words_and_switches_are_offered_from_the_last_to_the_first():
    mode = knob("warn", "choice", choices=("off", "warn", "act"))

    def beside(of, value, factor, pending=None):
        return next_word(KnobState(of, value, pending=pending), factor)

    assert [beside(mode, word, MORE) for word in ("off", "warn", "act")] == ["warn", "act", "off"]
    assert [beside(mode, word, HALF) for word in ("off", "warn", "act")] == ["act", "off", "warn"]
    assert beside(mode, "off", MORE, pending="warn") == "act"
    assert (beside(knob(True, "switch"), True, LESS), beside(knob(True, "switch"), False, LESS)) == ("off", "on")
    assert beside(knob("a", "choice", choices=("a",)), "a", MORE) == "a"


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.sampled_from((LESS, MORE, HALF, DOUBLE)), st.booleans())
def test_a_step_of_a_range_keeps_its_centre_and_scales_its_width(low, width, factor, has_usual):
    of = knob((low, low + width), "range", usual=(-1.0, 1.0) if has_usual else None)
    new = stepped(of, (low, low + width), factor)
    scale = max(abs(low), abs(low + width), *map(abs, new), 1e-3)
    assert sum(new) == pytest.approx(2 * low + width, abs=1e-4 * scale)
    if width > 1e-3 * scale:
        assert new[1] - new[0] == pytest.approx(width * factor, abs=1e-4 * scale)


@given(
    st.sampled_from(sorted(KNOBS)),
    st.lists(st.sampled_from((LESS, MORE, HALF, DOUBLE)), min_size=1, max_size=30),
)
def test_whatever_is_pressed_the_trainer_takes_what_comes_of_it(name, factors):
    state, steps, validator = KNOBS[name], KnobSteps(), RequestValidator()
    validator.observe(g1_knobs())
    for factor in factors:
        steps.step(state, factor, 0)
    for wanted in steps.wanted.values():
        assert refusal(state.knob, wanted) is None
    tune = steps.take(KNOBS)
    assert tune is None or isinstance(validator.answer(tune), InterventionQueued)
    assert steps.wanted == {}


def test_presses_add_up_to_one_request_with_the_revision_that_was_seen_first():
    steps = KnobSteps()
    assert steps.step(KNOBS[WEIGHT], DOUBLE, 7) == ""
    assert steps.step(KNOBS[WEIGHT], DOUBLE, 8) == ""
    assert steps.step(KNOBS[EPOCHS], DOUBLE, 9) == ""
    assert steps.wanted == {WEIGHT: -0.4, EPOCHS: 10.0}
    assert steps.take(KNOBS) == Tune({WEIGHT: -0.4, EPOCHS: 10.0}, revision=7)
    assert steps.take(KNOBS) is None


def test_there_and_back_again_asks_for_nothing():
    steps = KnobSteps()
    steps.step(KNOBS[WEIGHT], DOUBLE, 0)
    steps.step(KNOBS[WEIGHT], HALF, 0)
    assert steps.take(KNOBS) is None


def test_a_step_goes_on_from_what_waits_for_the_next_iteration():
    waiting = KnobState(KNOBS[WEIGHT].knob, -0.1, pending=-0.3, pending_intervention=1)
    steps = KnobSteps()
    steps.step(waiting, DOUBLE, 0)
    assert steps.wanted == {WEIGHT: -0.6}


@pytest.mark.parametrize(
    ("name", "value", "factor", "wanted", "said"),
    [
        (GAMMA, 0.99, MORE, 1.0, "limited: allowed 0:1"),
        (GAMMA, 1.0, MORE, None, "is at its limit: 1, allowed 0:1"),
        (FRICTION, (0.1, 1.1), DOUBLE, (0.0, 1.6), "limited: allowed ≥ 0"),
        (EPOCHS, 1.0, HALF, None, "is at its limit: 1, allowed ≥ 1"),
        (WEIGHT, 0.0, HALF, None, "is 0: half of it is 0"),
        (PUSH, (0.5, 0.5), LESS, None, "has zero width already: 0.5:0.5"),
        (WEIGHT, 8e8, DOUBLE, 1e9, "limited: allowed -1e9:1e9"),
    ],
)
def test_bounds_hold_and_are_told(name, value, factor, wanted, said):
    steps = KnobSteps()
    assert steps.step(KnobState(KNOBS[name].knob, value), factor, 0) == f"{name} {said}"
    assert steps.wanted.get(name) == wanted


def test_what_can_t_be_turned_is_told():
    steps = KnobSteps()
    assert steps.step(KNOBS[COUNT], DOUBLE, 0).startswith(f"{COUNT} is read-only: ")
    assert steps.step(KNOBS[MODE], MORE, 0) == f"{MODE} is a word: Enter selects another"
    assert steps.wanted == {}


def test_a_knob_that_is_gone_is_not_asked_for():
    steps = KnobSteps()
    steps.step(KNOBS[WEIGHT], DOUBLE, 0)
    assert steps.take({}) is None


@given(st.sampled_from(sorted(KNOBS)), st.floats(-1e12, 1e12), st.floats(-1e12, 1e12))
def test_a_value_within_bounds_is_taken_and_one_that_is_taken_is_left_alone(name, a, b):
    of = KNOBS[name].knob
    if not is_numeric(of) or of.read_only:
        assert within_bounds(of, KNOBS[name].value) == KNOBS[name].value
        return
    value = (min(a, b), max(a, b)) if of.type == "range" else float(round(a)) if of.type == "integer" else a
    nearest = within_bounds(of, value)
    assert refusal(of, nearest) is None
    assert (nearest == value) == (refusal(of, value) is None)


def test_bounds_in_words():
    assert [bounds_text(KNOBS[name].knob) for name in (GAMMA, EPOCHS, PUSH)] == ["allowed 0:1", "allowed ≥ 1", ""]
    assert bounds_text(knob(1.0, maximum=3)) == "allowed ≤ 3"
