"""A change that the simulator refuses leaves the state and counters of curricula unchanged."""

from __future__ import annotations

from tests.fake_training import MASS, SPEED, WEIGHT
from tests.steered import Steered
from trainer_proc.contract.messages import InterventionApplied, InterventionFailed
from trainer_proc.contract.requests import Tune

PLAN = {"kind": "schedule", "points": [{"at": 0, "set": {SPEED: [0, 1]}}, {"at": 9, "set": {SPEED: [-3, 3]}}]}
GROWTH = {"kind": "growth", "ranges": {MASS: {"from": [1, 1], "to": [0.5, 1.5]}}, "stay": 6, "episodes": 0}


def test_a_schedule_continues_its_plan():
    run = Steered({"plan": PLAN}).begin()
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
    run = Steered({"growth": GROWTH}).begin()
    run.iterate(3, rate=0.9)
    run.training.resample_fails = True
    run.ask(Tune({MASS: (0.9, 1.0)}), Tune({"curriculum/growth/level": 4.0}))
    failed = run.iterate(rate=0.9)
    assert [type(body) for body in failed] == [InterventionFailed, InterventionFailed]
    assert (run.curricula["growth"].stayed, run.curricula["growth"].level) == (4, 0)
    run.training.resample_fails = False
    (applied,) = run.iterate(2, rate=0.9)
    assert (applied.origin, applied.iteration) == ("curriculum", 6)
