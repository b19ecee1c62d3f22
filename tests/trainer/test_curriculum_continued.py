"""Curricula at launch, from checkpoints, in recordings and on several ranks."""

from __future__ import annotations

import pytest

from tests.fake_training import FRICTION, MASS, SPEED, WEIGHT
from tests.steered import Steered
from tests.trainer.curricula_runs import GROWTH, HALF, LEVEL, MODE, PLAN, START, owned, place, plan, resumed
from trainer_proc.contract.messages import Change, InterventionApplied, InterventionFailed, InterventionQueued
from trainer_proc.contract.requests import Tune, Undo
from trainer_proc.steering.knob_set import LaunchValueError
from trainer_proc.steering.ranks import CurriculumOrder, OneProcess


@pytest.fixture
def run():
    return Steered({"masses": GROWTH}).begin()


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
    run = Steered({"plan": PLAN | {"mode": "hold"}}, ranks=refusing).begin()
    answers = [True, False]  # no rank was asked to stop; another one refuses
    refusing.all = lambda is_so: answers.pop(0) if answers else is_so
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
