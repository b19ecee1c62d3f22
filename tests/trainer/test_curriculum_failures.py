"""Curricula after guards have acted and after the simulator has refused a change."""

from __future__ import annotations

import math

import pytest

from tests.fake_training import FRICTION, MASS, SPEED, WEIGHT, FakeTraining
from tests.steered import Steered
from tests.trainer.curricula_runs import GROWTH, HALF, PLAN, START, news, owned, place
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import InterventionApplied, InterventionFailed
from trainer_proc.contract.requests import Save, Tune
from trainer_proc.knobs.live import TrainingKnobs


@pytest.fixture
def run():
    return Steered({"masses": GROWTH}).begin()


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


# --- Refused user requests ----------------------------------------------------------------------------------

SPEEDS = {"kind": "schedule", "points": [{"at": 0, "set": {SPEED: [0, 1]}}, {"at": 9, "set": {SPEED: [-3, 3]}}]}
MASSES = {"kind": "growth", "ranges": {MASS: {"from": [1, 1], "to": [0.5, 1.5]}}, "stay": 6, "episodes": 0}


def test_a_schedule_continues_its_plan():
    run = Steered({"plan": SPEEDS}).begin()
    run.iterate(3)
    run.training.failing = {WEIGHT}
    run.ask(Tune({SPEED: (0.0, 5.0), WEIGHT: 2.0}))
    (failed,) = run.iterate()
    assert isinstance(failed, InterventionFailed)
    run.training.failing = set()
    run.iterate(9)
    by_plan = [body for body in run.bodies if isinstance(body, InterventionApplied)]
    assert [(body.iteration, body.note) for body in by_plan] == [
        (0, "plan: begins"),
        (1, "plan: towards iteration 9"),
        (9, "plan: iteration 9"),
    ]


def test_a_minimum_stay_continues_counting():
    run = Steered({"growth": MASSES}).begin()
    run.iterate(3, rate=0.9)
    run.training.resample_fails = True
    run.ask(Tune({MASS: (0.9, 1.0)}), Tune({"curriculum/growth/level": 4.0}))
    failed = run.iterate(rate=0.9)
    assert [type(body) for body in failed] == [InterventionFailed, InterventionFailed]
    assert (run.curricula["growth"].stayed, run.curricula["growth"].level) == (4, 0)
    run.training.resample_fails = False
    (applied,) = run.iterate(2, rate=0.9)
    assert (applied.origin, applied.iteration) == ("curriculum", 6)
