"""What is still needed for a curriculum's next step."""

from __future__ import annotations

import math

import pytest

from curricula.curriculum import FINISHED_EPISODES, SUCCESS_RATE
from curricula.load import make_curricula
from curricula.needs import Need

EPISODES = {FINISHED_EPISODES: 7.0}
POINTS = [{"at": 0, "set": {"a": 1.0}}, {"at": 100, "set": {"a": 2.0}}]


def after(count, table, level=0, **metrics):
    """The needs of a curriculum after `count` iterations at `level`, the last one 40."""
    (curriculum,) = make_curricula({"one": table})
    curriculum.move(level)
    for _ in range(count):
        curriculum.count(EPISODES)
    return curriculum.needs(40, metrics)


def test_a_ladder_needs_its_metric_its_stay_and_its_episodes():
    table = {"kind": "velocity", "stay": 20, "episodes": 50, "up": 0.8}
    assert after(3, table, **{SUCCESS_RATE: 0.6}) == [
        Need(SUCCESS_RATE, 0.6, 0.8),
        Need("iterations", 3, 20),
        Need("episodes", 21, 50),
    ]
    assert after(3, table)[0] == Need(SUCCESS_RATE, None, 0.8)
    assert after(3, table | {"episodes": 0})[-1].what == "iterations"
    assert after(3, table, level=5) == []  # the top


def test_an_error_has_to_fall():
    table = {"kind": "staged", "stages": [{"a": 1.0}, {"a": 2.0}], "thresholds": [0.2], "reach": "below", "metric": "e"}
    assert after(0, table, e=0.4)[0] == Need("e", 0.4, 0.2, below=True)


def test_a_schedule_needs_an_iteration_or_a_value():
    assert after(0, {"kind": "schedule", "points": POINTS}) == [Need("iteration", 41, 100)]
    assert after(0, {"kind": "schedule", "points": POINTS}, level=1) == []
    by_metric = {"kind": "schedule", "by": "m", "shape": "step", "points": POINTS}
    assert after(4, by_metric, m=25.0) == [Need("m", 25.0, 100), Need("iterations", 4, 10)]


def test_tasks_need_the_success_of_the_newest():
    table = {"kind": "tasks", "tasks": ["stand", "walk"], "start": 0, "every": 50, "unlock": 0.7}
    assert after(53, table, **{"Success/task/stand": 0.35}) == [
        Need("Success/task/stand", 0.35, 0.7),
        Need("iterations", 3, 50),
    ]
    assert after(53, table, level=1) == [Need("iterations", 3, 50)]


def test_a_recording_needs_the_iteration_or_the_metric_of_its_next_step():
    steps = [{"iteration": 30, "set": {"a": 1.0}}, {"iteration": 60, "set": {"a": 2.0}}]
    assert after(0, {"kind": "recording", "steps": steps}, level=1) == [Need("iteration", 41, 60, 30)]
    assert after(0, {"kind": "recording", "steps": steps}, level=2) == []
    steps = [{"metric": "kl", "value": 0.01, "side": "below", "set": {"a": 1.0}}]
    assert after(0, {"kind": "recording", "steps": steps}, kl=0.04) == [Need("kl", 0.04, 0.01, below=True)]


@pytest.mark.parametrize(
    ("need", "share"),
    [
        (Need("m", 0.4, 0.8), 0.5),
        (Need("m", 0.9, 0.8), 1.0),
        (Need("m", -1.0, 0.8), 0.0),
        (Need("m", None, 0.8), 0.0),
        (Need("m", math.nan, 0.8), 0.0),
        (Need("m", 45, 60, 30), 0.5),
        (Need("m", 20, 60, 30), 0.0),
        (Need("m", -40.0, -10.0), 0.25),  # a reward that rises towards 0
        (Need("m", 5.0, -10.0), 1.0),
        (Need("m", -5.0, 0.0), 0.0),
        (Need("m", 0.4, 0.2, below=True), 0.5),
        (Need("m", 0.1, 0.2, below=True), 1.0),
        (Need("m", 0.1, 0.0, below=True), 0.0),
        (Need("m", 0, 0), 1.0),
    ],
)
def test_shares_are_within_0_and_1(need, share):
    assert need.share == pytest.approx(share)
