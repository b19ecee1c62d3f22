"""Curricula and user requests: all changes go through one writer."""

from __future__ import annotations

import math
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fake_training import FRICTION, MASS, SPEED, TAUGHT, TAUGHT_RANGE, WEIGHT, FakeTraining
from tests.steered import Steered
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import Change, InterventionApplied, InterventionFailed, InterventionQueued, Ramp
from trainer_proc.contract.requests import Redo, Save, StopRamp, Tune, Undo, Unpin
from trainer_proc.knobs.live import TrainingKnobs
from trainer_proc.steering.knob_set import LaunchValueError
from trainer_proc.steering.ranks import CurriculumOrder, OneProcess
from trainer_proc.steering.state import INFOS_KEY, from_infos, to_infos

LEVEL, MODE = "curriculum/masses/level", "curriculum/masses/mode"
GROWTH = {
    "kind": "growth",
    "ranges": {MASS: {"from": (1.0, 1.0), "to": (0.8, 1.2)}, FRICTION: {"from": 0.5, "to": 1.0}},
    "steps": 2,
    "stay": 3,
    "episodes": 0,
}
HALF, FULL = {MASS: (0.9, 1.1), FRICTION: 0.75}, {MASS: (0.8, 1.2), FRICTION: 1.0}
START = {MASS: (1.0, 1.0), FRICTION: 0.5}


def plan(*points, **table):
    return {"kind": "schedule", "points": [{"at": at, "set": values} for at, values in points], **table}


PLAN = plan((0, {WEIGHT: 1.0, SPEED: (0.0, 1.0)}), (10, {WEIGHT: 2.0, SPEED: (0.0, 2.0)}), (50, {WEIGHT: -3.0}))


@pytest.fixture
def run():
    return Steered({"masses": GROWTH}).begin()


def owned(run, names=(MASS, FRICTION)):
    return {name: run.training.values[name] for name in names}


def place(run, name="masses"):
    curriculum = run.curricula[name]
    return curriculum.level, curriculum.mode


def news(bodies):
    """Return origin and changed values of each body."""
    return [(body.origin, {c.knob: c.new for c in body.changes if c.old != c.new}) for body in bodies]


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


# --- Guards -----------------------------------------------------------------------------------------------


def test_a_guard_undoes_a_level_with_its_values_and_it_waits_again(run):
    run.ask(Tune({"guard/not_finite/mode": "act"}))
    run.iterate(rate=0.9)
    run.iterate(2, rate=0.9)
    assert place(run) == (1, "auto")
    (undone,) = run.iterate(rate=0.9, **{"Loss/value": math.nan})
    assert (undone.origin, place(run), owned(run)) == ("guard", (0, "auto"), START)
    assert run.iterate(2, rate=0.9, **{"Loss/value": 1.0}) == []
    run.iterate(rate=0.9)
    assert place(run) == (1, "auto")


def test_a_guard_that_takes_a_schedule_s_decision_back_puts_it_on_hold():
    run = Steered({"plan": PLAN}).begin()
    run.ask(Tune({"guard/not_finite/mode": "act"}))
    run.iterate()
    run.iterate(rate=0.9, **{"Loss/value": math.nan})
    assert place(run, "plan") == (0, "hold")
    assert run.training.values[WEIGHT] == 1.0


def test_one_checkpoint_is_kept_before_all_that_a_boundary_brings(run):
    run.ask(Tune({"guard/not_finite/mode": "act"}))
    run.iterate(2, rate=0.9)
    run.done.clear()
    before = run.values()
    run.ask(Tune({WEIGHT: 3.0}))
    assert len(run.iterate(rate=0.9)) == 2
    assert run.done == [("save", 2, before)]


def test_a_checkpoint_that_is_requested_holds_what_is_decided_at_the_same_boundary(run):
    run.iterate(2, rate=0.9)
    run.ask(Save())
    run.iterate(rate=0.9)
    assert run.done == [("save", 2, run.values())]
    assert place(run) == (1, "auto")


# --- Refusals of the simulator ----------------------------------------------------------------------------


def test_what_the_simulator_refuses_is_requested_again_after_the_minimum_stay(run):
    run.training.resample_fails = True
    failed = run.iterate(12, rate=0.9)
    assert [(body.number, body.iteration) for body in failed] == [(0, 3), (0, 6), (0, 9), (0, 12)]
    assert failed[0].reason == "masses: Train/success_rate 0.9 is above 0.8: Refusing: no more memory"
    assert (place(run), owned(run)) == ((0, "auto"), START)
    run.training.resample_fails = False
    run.iterate(3, rate=0.9)
    assert (place(run), owned(run)) == ((1, "auto"), HALF)


def test_a_schedule_whose_way_is_refused_comes_back_to_it():
    run = Steered({"plan": PLAN | {"stay": 3}}).begin()
    run.training.failing = {WEIGHT}
    failed = run.iterate(8)
    assert [body.iteration for body in failed] == [1, 5]
    run.training.failing = set()
    run.iterate(2)
    assert (place(run, "plan"), run.training.values[WEIGHT]) == ((1, "auto"), 2.0)


def test_a_ramp_that_fails_on_its_way_ends_at_the_point_all_the_same():
    run = Steered({"plan": PLAN}).begin()
    run.iterate(3)
    run.training.failing = {WEIGHT}
    run.iterate()
    run.training.failing = set()
    run.iterate(5)
    assert run.training.values[WEIGHT] == pytest.approx(1.3)
    run.iterate()
    assert run.training.values[WEIGHT] == 2.0


def test_without_its_first_level_it_is_on_hold():
    training = FakeTraining()
    training.resample_fails = True
    run = Steered({"masses": GROWTH}, training=training).begin()
    failed, held = run.bodies[1:3]
    assert failed == InterventionFailed(0, 0, "masses: begins: Refusing: no more memory")
    assert (held.note, place(run)) == ("masses: can't start", (0, "hold"))
    assert run.iterate(9, rate=0.9) == []


def test_a_recorded_step_that_is_refused_is_left_out():
    steps = [{"iteration": 2, "set": {WEIGHT: 2.0}}, {"iteration": 2, "set": {FRICTION: 2.0}}]
    steps += [{"iteration": 4, "set": {SPEED: (0.0, 2.0)}}]
    run = Steered({"session": {"kind": "recording", "steps": steps}}).begin()
    run.training.failing = {WEIGHT, FRICTION}
    failed = run.iterate(9)
    assert [type(body) for body in failed] == [InterventionFailed, InterventionFailed, InterventionApplied]
    assert place(run, "session") == (3, "auto")
    assert run.training.values[SPEED] == (0.0, 2.0)


class TaskTraining(FakeTraining):
    """Has the weight of a task as well."""

    weight = Knob("command/twist/weights/stand", "command", 1.0, 1.0, "at the next command")

    def __init__(self):
        super().__init__()
        self.values[self.weight.name] = 1.0

    def knobs(self):
        others = super().knobs()
        return TrainingKnobs([*others.knobs, self.knob(self.weight)], others.competing_writers)


def test_no_weight_of_a_task_goes_beyond_its_bounds():
    bounds = {TaskTraining.weight.name: (0.3, 1.0)}
    tasks = {"kind": "tasks", "tasks": ["stand"], "every": 1}
    run = Steered({"tasks": tasks}, bounds=bounds, training=TaskTraining()).begin()
    (failed,) = run.iterate(**{"Success/task/stand": 1.0})
    assert failed.reason == "tasks: success stand 1.00: command/twist/weights/stand: expected at least 0.3, got 0.1"
    (applied,) = run.iterate(**{"Success/task/stand": 0.8})
    assert news([applied]) == [("curriculum", {TaskTraining.weight.name: 0.68})]


# --- Launch -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("launch", "then", "values"),
    [
        ({LEVEL: 1.0}, (1, "manual"), HALF),
        ({LEVEL: 1.0, MODE: "auto"}, (1, "auto"), HALF),
        ({MODE: "hold"}, (0, "hold"), START),
        ({FRICTION: 2.0}, (0, "hold"), START | {FRICTION: 2.0}),
    ],
)
def test_a_launch_sets_levels_and_knobs_as_a_user_does(launch, then, values):
    run = Steered({"masses": GROWTH}, launch).begin()
    assert (place(run), owned(run)) == (then, values)


@pytest.mark.parametrize(
    ("tables", "bounds", "reason"),
    [
        ({"masses": GROWTH}, {FRICTION: (0.1, 0.9)}, f"curriculum masses: {FRICTION}: expected at most 0.9, got 1"),
        (
            {"masses": GROWTH | {"ranges": {"event/mass": {"from": 1, "to": 2}}}},
            {},
            "no such knob: event/mass; nearest",
        ),
        ({"masses": GROWTH | {"ranges": {MASS: {"from": 1, "to": 2}}}}, {}, f"{MASS}: expected a range LOW:HIGH"),
        ({"plan": plan((0, {"ppo/epochs": 5}), (9, {"ppo/epochs": 2}), by="Train/success_rate")}, {}, "a whole number"),
        (
            {"session": {"kind": "recording", "steps": [{"iteration": 3, "unpin": ["event/nothing"]}]}},
            {},
            "curriculum session: no such knob: event/nothing",
        ),
    ],
)
def test_a_curriculum_that_does_not_fit_the_training_is_refused_at_launch(tables, bounds, reason):
    with pytest.raises(LaunchValueError, match=r"^[^\n]*$") as refused:
        Steered(tables, bounds=bounds)
    assert reason in str(refused.value)


# --- Checkpoints ------------------------------------------------------------------------------------------


def resumed(run, tables):
    state = from_infos({INFOS_KEY: to_infos(run.steering.interventions.snapshot())})
    return Steered(tables).begin(run.iteration, state)


def test_a_resumed_run_continues_with_level_mode_and_limits(run):
    run.ask(Tune({"curriculum/masses/up": 0.7, "curriculum/masses/stay": 5.0}))
    run.iterate(6, rate=0.75)
    assert place(run) == (1, "auto")
    then = resumed(run, {"masses": GROWTH})
    assert (place(then), owned(then)) == ((1, "auto"), HALF)
    assert {name: limit.value for name, limit in then.curricula["masses"].limits.items()} == {
        "up": 0.7,
        "stay": 5.0,
        "episodes": 0.0,
    }
    assert [body.origin for body in then.bodies if isinstance(body, InterventionApplied)] == ["checkpoint"]
    assert then.iterate(4, rate=0.75) == []
    (up,) = then.iterate(rate=0.75)
    assert up.iteration == 11


@pytest.mark.parametrize("mode", ["manual", "hold"])
def test_a_resumed_run_continues_by_hand(run, mode):
    run.ask(Tune({LEVEL: 1.0, MODE: mode}))
    run.iterate()
    if mode == "hold":
        run.ask(Tune({FRICTION: 3.0}))
    run.iterate()
    then = resumed(run, {"masses": GROWTH})
    assert (place(then), owned(then)) == ((1, mode), owned(run))
    assert then.iterate(9, rate=0.9) == []


def test_a_level_that_the_preset_has_no_more_starts_over(run):
    run.ask(Tune({LEVEL: 2.0, MODE: "auto"}))
    run.iterate()
    then = resumed(run, {"masses": GROWTH | {"steps": 1}})
    restored = next(body for body in then.bodies if getattr(body, "origin", "") == "checkpoint")
    assert restored.note == f"continues from model.pt; not restored: {LEVEL}"
    assert (place(then), owned(then)) == ((0, "auto"), START)


def test_a_level_that_means_other_values_now_sets_them(run):
    run.ask(Tune({LEVEL: 1.0, MODE: "auto"}))
    run.iterate()
    then = resumed(run, {"masses": GROWTH | {"steps": 4}})
    assert (place(then), owned(then)) == ((1, "auto"), {MASS: (0.95, 1.05), FRICTION: 0.625})
    assert "values of its level have changed" in [getattr(body, "note", "")[8:] for body in then.bodies]


def test_a_curriculum_that_is_new_begins_and_one_that_is_missing_is_reported(run):
    run.iterate(3, rate=0.9)
    then = resumed(run, {"plan": PLAN})
    restored = next(body for body in then.bodies if getattr(body, "origin", "") == "checkpoint")
    assert LEVEL in restored.note
    assert (place(then, "plan"), owned(then)) == ((0, "auto"), HALF)
    assert then.training.values[WEIGHT] == pytest.approx(1.3)


def test_by_a_metric_a_resumed_schedule_does_not_go_back():
    tables = {"grip": plan((0.0, {FRICTION: 1.0}), (1.0, {FRICTION: 3.0}), by="Train/success_rate", stay=1)}
    run = Steered(tables).begin()
    run.iterate(rate=0.5)
    assert run.training.values[FRICTION] == 2.0
    then = resumed(run, tables)
    assert then.iterate(3, rate=0.25) == []
    assert then.training.values[FRICTION] == 2.0
    then.iterate(rate=0.75)
    assert then.training.values[FRICTION] == 2.5


# --- Recordings -------------------------------------------------------------------------------------------


def test_a_recorded_request_comes_before_what_others_decide_at_the_same_boundary():
    step = {"iteration": 3, "set": {MASS: (0.5, 0.7), MODE: "hold"}}
    for tables in (
        {"masses": GROWTH, "session": {"kind": "recording", "steps": [step]}},
        {"session": {"kind": "recording", "steps": [step]}, "masses": GROWTH},
    ):
        run = Steered(tables).begin()
        (applied,) = run.iterate(9, rate=0.9)
        assert (applied.origin, applied.iteration, applied.note) == ("schedule", 3, "")
        assert (place(run), owned(run)) == ((0, "hold"), START | {MASS: (0.5, 0.7)})


def test_a_recorded_step_that_a_user_undoes_is_not_applied_again_and_others_stay_as_they_are():
    steps = [{"iteration": 1, "set": {SPEED: (0.0, 2.0)}}, {"iteration": 2, "set": {WEIGHT: 4.0}}]
    run = Steered({"session": {"kind": "recording", "steps": steps}}).begin()
    run.iterate(2)
    run.ask(Tune({SPEED: (0.0, 5.0)}), Undo(2))
    run.iterate(5)
    assert place(run, "session") == (1, "hold")
    assert owned(run, (WEIGHT, SPEED)) == {WEIGHT: 1.0, SPEED: (0.0, 5.0)}
    run.ask(Tune({"curriculum/session/level": 2.0}))
    run.iterate()
    assert owned(run, (WEIGHT, SPEED)) == {WEIGHT: 4.0, SPEED: (0.0, 2.0)}
    assert place(run, "session") == (2, "manual")


# --- Several ranks ----------------------------------------------------------------------------------------


class Rank(OneProcess):
    """Rank 0 records what it shares, round by round; the other rank receives it."""

    def __init__(self, rank, shared):
        self.rank = rank
        self.shared = shared

    def share(self, orders):
        if self.rank:
            return self.shared.pop(0)
        self.shared.append(list(orders))
        return list(orders)


def test_all_ranks_carry_out_what_the_first_decides():
    shared = []
    first = Steered({"masses": GROWTH, "plan": PLAN}, ranks=Rank(0, shared)).begin()
    other = Steered({"masses": GROWTH, "plan": PLAN}, ranks=Rank(1, shared)).begin()
    for iteration in range(12):
        if iteration == 6:
            first.ask(Tune({FRICTION: 3.0}))
        first.iterate(rate=0.9)
        other.iterate()
        assert other.values() == first.values()
        assert not shared
    assert place(other) == (2, "hold")


def test_another_rank_s_refusal_is_the_first_one_s_too():
    refusing = Rank(0, [])
    refusing.all = lambda is_so: False
    run = Steered({"plan": PLAN | {"mode": "hold"}}, ranks=refusing).begin()
    run.ask(Tune({"curriculum/plan/mode": "auto"}))
    (failed,) = run.iterate()
    assert isinstance(failed, InterventionFailed)
    assert place(run, "plan") == (0, "hold")


def test_what_a_curriculum_requests_travels_as_a_separate_order():
    shared = []
    run = Steered({"masses": GROWTH}, ranks=Rank(0, shared)).begin()
    run.iterate(3, rate=0.9)
    (order,) = shared[-1]
    assert isinstance(order, CurriculumOrder)
    assert order.curriculum == "masses"
    assert isinstance(order.requested, InterventionQueued)
    assert Change(LEVEL, 1.0, 1.0) in order.requested.changes
