"""Recordings as state machines: which steps are taken when, and which tables make sense."""

from __future__ import annotations

import re
import tomllib

import pytest

from curricula.load import make_curricula
from curricula.schema import SchemaError
from tests.curricula.driven import Driven, make
from tests.scripts import ROOT

A, B, C = "reward/a/weight", "reward/b/weight", "ppo/learning_rate"


def recording(*steps):
    return make(kind="recording", steps=list(steps))


def taken(curriculum, iteration, **metrics):
    """Take the steps that are due after an iteration, first those that curricula wait for, then the late ones."""
    early = curriculum.ask(iteration, metrics, {})
    late = curriculum.ask_late(iteration, metrics)
    for decision in (*early, *late):
        curriculum.move(decision.level)
    return [decision.values for decision in early], [decision.values for decision in late]


def test_steps_are_in_force_from_their_iteration_on_and_those_of_a_pause_come_last():
    curriculum = recording(
        {"iteration": 3, "set": {A: 1}},
        {"iteration": 3, "set": {A: 2}},
        {"iteration": 3, "set": {A: 3}, "late": True},
        {"iteration": 4, "set": {A: 4}, "late": True},
    )
    assert [taken(curriculum, iteration) for iteration in range(4)] == [
        ([], []),
        ([], []),
        ([{A: 1}, {A: 2}], [{A: 3}]),
        ([], [{A: 4}]),
    ]
    assert curriculum.outlook(4, {}) == "all steps replayed"


def test_a_step_waits_for_its_metric_and_those_after_it_wait_with_it():
    curriculum = recording(
        {"metric": "reward", "value": 2, "set": {A: 1}},
        {"metric": "reward", "value": 1, "side": "below", "set": {A: 2}},
        {"iteration": 2, "set": {A: 3}},
    )
    assert taken(curriculum, 0) == ([], [])
    assert taken(curriculum, 1, reward=float("nan")) == ([], [])
    assert taken(curriculum, 2, reward=1.9) == ([], [])
    assert curriculum.outlook(2, {}) == f"{A} when reward is above 2"
    assert taken(curriculum, 3, reward=2.0) == ([{A: 1}], [])
    assert taken(curriculum, 4, reward=1.1) == ([], [])
    assert taken(curriculum, 5, reward=1.0) == ([{A: 2}, {A: 3}], [])


def test_on_hold_no_step_is_taken_and_what_was_missed_is_made_up_for():
    curriculum = recording({"iteration": 1, "set": {A: 1}}, {"iteration": 2, "set": {A: 2}, "late": True})
    curriculum.enter("hold")
    assert taken(curriculum, 1) == ([], [])
    curriculum.enter("auto")
    assert taken(curriculum, 2) == ([{A: 1}], [{A: 2}])


def test_further_back_steps_are_taken_once_more_and_further_on_left_out():
    run = Driven(recording(*({"iteration": 1, "set": {A: number}} for number in range(3))))
    run.iterate({})
    run.curriculum.move(1)
    assert [decision.values for decision in run.iterate({})] == [{A: 1}, {A: 2}]
    other = recording(*({"iteration": 9, "set": {A: number}} for number in range(3)))
    other.move(2)
    assert taken(other, 9) == ([{A: 2}], [])


def test_a_level_has_what_was_set_up_to_it_and_not_given_back():
    curriculum = recording(
        {"iteration": 1, "set": {A: 1, C: 1e-4}},
        {"iteration": 2, "unpin": [C], "set": {C: 1e-3, B: 2}, "again": True},
    )
    assert [curriculum.values(level) for level in range(3)] == [{}, {A: 1, C: 1e-4}, {A: 1, B: 2}]
    assert curriculum.named == {A, B, C}
    assert curriculum.checked_values() == [{A: 1, C: 1e-4}]  # what was in force before needs no bounds


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([{"set": {A: 1}}], "step 1: expected either an iteration or a metric"),
        ([{"iteration": 1, "metric": "reward", "set": {A: 1}}], "step 1: expected either"),
        (
            [{"iteration": 3, "set": {A: 1}}, {"iteration": 2, "set": {A: 1}}],
            "step 2: expected an iteration of at least 3",
        ),
        ([{"iteration": 3}], "step 1: expected one of set, unpin and stop_ramps"),
        (
            [{"iteration": 3, "unpin": [A], "ramp": {"iterations": 2}}],
            "step 1: expected `set` to have the knobs",
        ),
        ([{"iteration": 3, "set": {A: 1}, "ramp": {"iterations": 2, "knobs": [B]}}], "step 1: expected `set`"),
        ([{"iteration": 3, "set": {A: 1}, "ramps": 1}], r"steps\[0\]\.ramps: no such key; nearest: ramp"),
    ],
)
def test_a_recording_that_makes_no_sense_is_refused(steps, reason):
    with pytest.raises(SchemaError, match=f"curriculum c: {reason}"):
        recording(*steps)


def test_the_example_of_the_documentation_is_a_recording():
    (block,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "recording.md").read_text(), re.DOTALL)
    (curriculum,) = make_curricula(tomllib.loads(block)["curriculum"])
    assert curriculum.top == 2
