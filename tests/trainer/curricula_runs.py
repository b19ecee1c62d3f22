"""Runs with curricula of a growing and a scheduled kind, and what they leave in knobs and bodies."""

from __future__ import annotations

from tests.fake_training import FRICTION, MASS, SPEED, WEIGHT
from tests.steered import Steered
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


def owned(run, names=(MASS, FRICTION)):
    return {name: run.training.values[name] for name in names}


def place(run, name="masses"):
    curriculum = run.curricula[name]
    return curriculum.level, curriculum.mode


def news(bodies):
    """Return origin and changed values of each body."""
    return [(body.origin, {c.knob: c.new for c in body.changes if c.old != c.new}) for body in bodies]


def resumed(run, tables):
    """Start a new training from a checkpoint of `run`."""
    state = from_infos({INFOS_KEY: to_infos(run.steering.interventions.snapshot())})
    return Steered(tables).begin(run.iteration, state)
