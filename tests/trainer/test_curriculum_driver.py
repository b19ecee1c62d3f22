"""Curricula and user requests: all changes go through one writer."""

from __future__ import annotations

import math
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fake_training import FRICTION, MASS, SPEED, TAUGHT, TAUGHT_RANGE, WEIGHT
from tests.steered import Steered
from tests.trainer.curricula_runs import FULL, GROWTH, HALF, LEVEL, MODE, PLAN, START, news, owned, place, plan, resumed
from trainer_proc.contract.messages import Ramp
from trainer_proc.contract.requests import Redo, StopRamp, Tune, Undo, Unpin


@pytest.fixture
def run():
    return Steered({"masses": GROWTH}).begin()


# --- Decisions --------------------------------------------------------------------------------------------


def test_it_begins_with_its_first_level_before_the_first_iteration(run):
    (begun,) = run.bodies[1:2]
    assert (begun.origin, begun.iteration, begun.note, begun.when) == ("curriculum", 0, "masses: begins", "now")
    assert owned(run) == START
    assert place(run) == (0, "auto")


def test_its_decisions_are_interventions_that_give_the_reason(run):
    assert run.iterate(2, rate=0.9) == []
    (applied,) = run.iterate(rate=0.9)
    assert (applied.origin, applied.iteration, applied.number) == ("curriculum", 3, 2)
    assert applied.note == "masses: Train/success_rate 0.9 is above 0.8"
    assert news([applied]) == [("curriculum", {LEVEL: 1.0, **HALF})]
    assert owned(run) == HALF
    assert run.steering.curricula.metrics() == {"Curriculum/masses/level": 1.0, "Curriculum/masses/episodes": 0.0}


def test_its_limits_can_be_changed_while_it_decides(run):
    run.ask(Tune({"curriculum/masses/up": 0.4, "curriculum/masses/stay": 1.0}))
    assert [body.origin for body in run.iterate(rate=0.5)] == ["person", "curriculum"]
    assert "expected at least 1" in run.refused(Tune({"curriculum/masses/stay": 0.0}))
    assert "a whole number" in run.refused(Tune({"curriculum/masses/stay": 1.5}))


def test_several_at_once_each_go_their_way():
    run = Steered({"masses": GROWTH, "plan": PLAN, "stages": {"kind": "staged", "stages": [{TAUGHT: 2.0}]}}).begin()
    run.iterate(10, rate=0.9)
    assert place(run, "plan") == (1, "auto")
    assert place(run) == (2, "auto")
    assert owned(run, (WEIGHT, TAUGHT, MASS)) == {WEIGHT: 2.0, TAUGHT: 2.0, MASS: (0.8, 1.2)}


def test_a_curriculum_of_the_task_s_own_is_kept_off_what_is_owned():
    run = Steered({"stages": {"kind": "staged", "stages": [{TAUGHT: 2.0}, {TAUGHT: 3.0}], "stay": 1, "episodes": 0}})
    run.training.curriculum.overwrite(TAUGHT, 0.3)
    run.begin()
    assert run.state.knobs[TAUGHT].knob.pinned
    run.training.curriculum.overwrite(TAUGHT, 0.4)
    assert run.training.values[TAUGHT] == 2.0
    run.iterate(rate=0.6)
    run.ask(Undo())
    run.iterate(rate=0.0)
    run.training.curriculum.overwrite(TAUGHT, 0.5)
    assert run.training.values[TAUGHT] == 2.0


def test_one_that_begins_late_is_kept_off_too_whatever_was_undone():
    stages = {"kind": "staged", "stages": [{TAUGHT: 1.0}, {TAUGHT: 3.0}], "stay": 1, "episodes": 0}
    run = Steered({"stages": stages}).begin()  # the same value as the task's
    run.iterate(rate=0.6)
    run.ask(Undo())
    run.iterate(rate=0.0)
    run.training.curriculum.overwrite(TAUGHT, 0.5)
    assert run.training.values[TAUGHT] == 1.0
    assert place(run, "stages") == (0, "auto")


# --- User requests ----------------------------------------------------------------------------------------


def test_the_user_s_level_brings_its_values_and_manual_and_undo_restores_all(run):
    run.ask(Tune({LEVEL: 2.0}))
    assert news(run.iterate()) == [("person", {LEVEL: 2.0, MODE: "manual", **FULL})]
    assert run.iterate(10, rate=0.1) == []
    run.ask(Undo())
    assert news(run.iterate()) == [("person", {LEVEL: 0.0, MODE: "auto", **START})]
    run.ask(Redo())
    run.iterate()
    assert (place(run), owned(run)) == ((2, "manual"), FULL)


def test_back_on_auto_it_continues_from_the_level_that_was_set(run):
    run.ask(Tune({LEVEL: 1.0}))
    run.iterate(5)
    run.ask(Tune({MODE: "auto"}))
    requested, decided = run.iterate(rate=0.9)
    assert news([requested, decided]) == [("person", {MODE: "auto"}), ("curriculum", {LEVEL: 2.0, **FULL})]


def test_a_level_may_be_set_without_taking_over(run):
    run.ask(Tune({LEVEL: 1.0, MODE: "auto"}))
    run.iterate()
    assert (place(run), owned(run)) == ((1, "auto"), HALF)


def test_changing_what_it_owns_puts_it_on_hold(run):
    run.ask(Tune({MASS: (0.5, 0.7)}))
    assert news(run.iterate(rate=0.9)) == [("person", {MASS: (0.5, 0.7), MODE: "hold"})]
    assert run.iterate(9, rate=0.9) == []
    run.ask(Undo())
    assert news(run.iterate()) == [("person", {MASS: (1.0, 1.0), MODE: "auto"})]


def test_leaving_hold_brings_the_level_s_values_back_and_a_new_minimum_stay(run):
    run.ask(Tune({MASS: (0.5, 0.7)}), Tune({FRICTION: 2.0}))
    run.iterate(9, rate=0.9)
    run.ask(Tune({MODE: "auto"}))
    assert news(run.iterate(rate=0.9)) == [("person", {MODE: "auto", **START})]
    assert run.iterate(2, rate=0.9) == []
    assert news(run.iterate(rate=0.9)) == [("curriculum", {LEVEL: 1.0, **HALF})]


@pytest.mark.parametrize(
    ("requested", "then"),
    [
        ({LEVEL: 2.0, MASS: (0.8, 1.2)}, (2, "manual")),
        ({LEVEL: 2.0, MASS: (0.5, 0.7)}, (2, "hold")),
        ({LEVEL: 2.0, MODE: "auto", MASS: (0.5, 0.7)}, (2, "hold")),
        ({MODE: "manual", FRICTION: 0.5}, (0, "manual")),
        ({MODE: "manual", FRICTION: 0.6}, (0, "hold")),
        ({MODE: "hold", LEVEL: 1.0}, (1, "hold")),
    ],
)
def test_a_level_and_its_own_knobs_in_one_request_agree_or_it_is_on_hold(run, requested, then):
    run.ask(Tune(requested))
    run.iterate()
    assert place(run) == then
    others = {knob: value for knob, value in requested.items() if knob in START}
    level = (START, HALF, FULL)[then[0]]
    assert owned(run) == level | others


def test_a_request_comes_before_what_would_be_decided_at_the_same_boundary(run):
    run.iterate(2, rate=0.9)
    run.ask(Tune({MASS: (0.5, 0.7)}), Tune({WEIGHT: 3.0}))
    assert [body.origin for body in run.iterate(rate=0.9)] == ["person", "person"]
    assert owned(run) == {MASS: (0.5, 0.7), FRICTION: 0.5}
    run.ask(Tune({LEVEL: 1.0, MODE: "auto"}))
    assert [body.origin for body in run.iterate(rate=0.9)] == ["person"]
    assert place(run) == (1, "auto")


def test_an_undo_that_no_longer_fits_the_level_leaves_it_on_hold(run):
    edit = run.ask(Tune({MASS: (0.5, 0.7)}))
    run.iterate()
    run.ask(Tune({LEVEL: 2.0}))
    run.iterate()
    run.ask(Undo(edit))
    run.iterate()
    assert owned(run) == {MASS: (1.0, 1.0), FRICTION: 1.0}
    assert place(run) == (2, "hold")


def test_an_undo_of_hold_brings_back_what_was_changed_meanwhile(run):
    hold = run.ask(Tune({MODE: "hold"}))
    run.iterate()
    run.ask(Tune({MASS: (0.5, 0.7)}))
    run.iterate()
    run.ask(Undo(hold))
    run.iterate()
    assert (place(run), owned(run)) == ((0, "auto"), START)


def test_a_level_that_went_up_can_be_undone_and_waits_before_it_goes_up_again(run):
    (up,) = run.iterate(3, rate=0.9)
    run.ask(Undo(up.number))
    assert news(run.iterate(rate=0.9)) == [("person", {LEVEL: 0.0, **START})]
    assert place(run) == (0, "auto")
    assert run.iterate(2, rate=0.9) == []
    assert news(run.iterate(rate=0.9)) == [("curriculum", {LEVEL: 1.0, **HALF})]


def test_releasing_what_it_owns_puts_it_on_hold():
    stages = {"kind": "staged", "stages": [{TAUGHT: 2.0, TAUGHT_RANGE: (0.0, 1.0)}, {TAUGHT: 3.0}], "stay": 1}
    run = Steered({"stages": stages})
    run.training.curriculum.overwrite(TAUGHT, 0.3)
    run.begin()
    run.ask(Unpin((TAUGHT,)))
    run.iterate(rate=1.0, episodes=500.0)
    assert place(run, "stages") == (0, "hold")
    assert run.training.values[TAUGHT] == 0.3
    run.ask(Tune({"curriculum/stages/mode": "auto"}))
    run.iterate()
    assert run.training.values[TAUGHT] == 2.0
    assert run.state.knobs[TAUGHT].knob.pinned
    begun = next(body.number for body in run.bodies if getattr(body, "note", "") == "stages: begins")
    run.ask(Undo(begun))
    run.iterate()
    assert place(run, "stages") == (0, "hold")
    assert run.training.values[TAUGHT] == 0.3


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({LEVEL: 3.0}, "curriculum/masses/level: expected at most 2, got 3"),
        ({LEVEL: -1.0}, "curriculum/masses/level: expected at least 0, got -1"),
        ({LEVEL: 0.5}, "curriculum/masses/level: expected a whole number, got 0.5"),
        ({LEVEL: math.nan}, "expected a finite number"),
        ({MODE: "often"}, "curriculum/masses/mode: expected auto or manual or hold, got often"),
        ({"curriculum/mass/level": 1.0}, "no such knob: curriculum/mass/level; nearest: curriculum/masses/level"),
    ],
)
def test_what_can_not_be_is_refused_in_one_line(run, values, reason):
    assert reason in run.refused(Tune(values))


def test_a_level_has_nothing_in_between(run):
    assert run.refused(Tune({LEVEL: 2.0}, ramp=Ramp(9))) == f"{LEVEL} can't be ramped: it has no intermediate values"


# --- Ramps ------------------------------------------------------------------------------------------------


def test_a_user_s_ramp_of_what_is_owned_continues_while_it_is_on_hold_and_can_be_redone(run):
    run.ask(Tune({FRICTION: 2.5}, ramp=Ramp(4)))
    run.iterate()
    assert place(run) == (0, "hold")
    run.iterate(3, rate=0.9)
    assert owned(run) == {MASS: (1.0, 1.0), FRICTION: 2.5}
    run.ask(Undo())
    run.iterate()
    assert (place(run), owned(run)) == ((0, "auto"), START)
    run.ask(Redo())
    run.iterate(2)
    assert (place(run), run.training.values[FRICTION]) == ((0, "hold"), 1.5)
    run.ask(Tune({MODE: "auto"}))
    run.iterate(2)
    assert owned(run) == START


@pytest.mark.parametrize(
    "requested", [Tune({SPEED: (5.0, 6.0)}), StopRamp((SPEED,)), Tune({"curriculum/plan/mode": "hold"})]
)
def test_what_a_schedule_had_on_a_ramp_stays_where_it_is_when_it_is_put_on_hold(requested):
    run = Steered({"plan": PLAN}).begin()
    run.iterate(4)
    assert run.training.values[WEIGHT] == pytest.approx(1.4)
    run.ask(requested)
    run.iterate()
    assert place(run, "plan") == (0, "hold")
    stopped = dict(run.training.values)
    run.iterate(20)
    assert run.training.values == stopped
    assert run.training.values[WEIGHT] == pytest.approx(1.5)


def test_by_hand_nothing_is_on_its_way():
    run = Steered({"plan": PLAN}).begin()
    run.iterate(4)
    run.ask(Tune({"curriculum/plan/mode": "manual"}))
    run.iterate(3)
    assert run.training.values[WEIGHT] == pytest.approx(1.5)
    run.ask(Tune({"curriculum/plan/mode": "auto"}))
    run.iterate(3)
    assert run.training.values[WEIGHT] == 2.0


def test_a_schedule_that_comes_off_hold_late_catches_up_at_the_same_boundary():
    run = Steered({"plan": PLAN | {"mode": "hold"}}).begin()
    run.iterate(20)
    assert run.training.values[WEIGHT] == 1.0
    run.ask(Tune({"curriculum/plan/mode": "auto"}))
    run.iterate()
    assert (place(run, "plan"), run.training.values[WEIGHT]) == ((1, "auto"), 2.0)


def test_what_a_schedule_did_can_be_undone_and_is_not_done_again_at_once():
    run = Steered({"plan": PLAN}).begin()
    (ramp,) = run.iterate()
    run.iterate()
    run.ask(Undo(ramp.number))
    run.iterate(12)
    assert place(run, "plan") == (0, "hold")
    assert owned(run, (WEIGHT, SPEED)) == {WEIGHT: 1.0, SPEED: (0.0, 1.0)}
    run.ask(Tune({"curriculum/plan/mode": "manual"}))
    run.iterate()
    run.ask(Redo(ramp.number))
    run.iterate(10)
    assert place(run, "plan") == (0, "hold")
    assert run.training.values[WEIGHT] == 2.0


weights = st.floats(0.1, 9.0)
gaps = st.lists(st.tuples(st.integers(1, 9), weights), min_size=1, max_size=5)


@given(gaps, st.sampled_from(["step", "linear", "geometric"]), st.integers(0, 30), st.none() | st.integers(0, 30))
def test_a_schedule_hits_every_point_at_its_iteration(gaps, shape, first, resumed_after):
    """Also if it starts in the middle, and if the training continues from a checkpoint on the way."""
    way = list(zip(accumulate(gap for gap, _ in gaps), (weight for _, weight in gaps), strict=True))
    tables = {"plan": plan(*((at, {WEIGHT: weight}) for at, weight in way), shape=shape)}
    run = Steered(tables).begin(first)
    for _ in range(way[-1][0] + 4):
        last = max((point for point in way if point[0] <= run.iteration), default=way[0])
        following = min((point for point in way if point[0] > run.iteration), default=last)
        value = run.training.values[WEIGHT]
        assert run.curricula["plan"].level == way.index(last)
        if shape == "step" or run.iteration <= last[0]:
            assert value == last[1]
        elif following != last:
            share = (run.iteration - last[0]) / (following[0] - last[0])
            linear = last[1] + (following[1] - last[1]) * share
            geometric = last[1] * (following[1] / last[1]) ** share
            assert value == pytest.approx(linear if shape == "linear" else geometric, rel=1e-6)
        if resumed_after == run.iteration:
            run, resumed_after = resumed(run, tables), None
            assert run.training.values[WEIGHT] == value
        run.iterate()
    assert run.training.values[WEIGHT] == way[-1][1]
