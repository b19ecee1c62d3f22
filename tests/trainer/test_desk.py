"""What is refused, what is accepted, and how interventions are numbered."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_proc.wire.desk import Desk
from trainer_proc.wire.messages import (
    Change,
    Export,
    ExportFailed,
    ExportFinished,
    InterventionApplied,
    InterventionQueued,
    IterationFinished,
    Knob,
    KnobsAvailable,
    Pause,
    PhaseChanged,
    Ping,
    Refused,
    Resume,
    Save,
    Stop,
    Tune,
)

FREE, BOUND, FIXED = "reward/upright/weight", "ppo/clip_param", "ppo/num_mini_batches"
KNOBS = (
    Knob(FREE, "reward", 1.0, 1.0, "next iteration"),
    Knob(BOUND, "ppo", 0.2, 0.2, "next iteration", minimum=0.01, maximum=0.5),
    Knob(FIXED, "ppo", 4.0, 4.0, "needs a restart", read_only="the storage is sized by it"),
)
COMMANDS = (Tune({FREE: 2.0}), Pause(), Resume(), Save(), Export())


@pytest.fixture
def desk():
    """A training that iterates and has said what can be turned."""
    desk = Desk()
    desk.observe(KnobsAvailable(0, KNOBS))
    desk.observe(PhaseChanged("training"))
    return desk


def applied(number, new=2.0, revision=1):
    return InterventionApplied(number, "person", 5, revision, (Change(FREE, 1.0, new),))


def reason(answer):
    assert isinstance(answer, Refused)
    assert len(answer.reason.splitlines()) == 1
    return answer.reason


def test_an_unknown_knob_is_refused_with_the_nearest_names(desk):
    assert f"nearest: {FREE}" in reason(desk.answer(Tune({"reward/uprigt/weight": 1.0})))
    assert reason(desk.answer(Tune({"ω": 1.0}))) == "there is no knob ω"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused(desk, value):
    assert "finite" in reason(desk.answer(Tune({FREE: value})))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_bounded_knob_takes_exactly_what_lies_within_its_bounds(value):
    desk = Desk()
    desk.observe(KnobsAvailable(0, KNOBS))
    answer = desk.answer(Tune({BOUND: value}))
    if 0.01 <= value <= 0.5:
        assert isinstance(answer, InterventionQueued)
        assert answer.changes == (Change(BOUND, 0.2, value),)
    else:
        assert ("at least 0.01" if value < 0.01 else "at most 0.5") in reason(answer)


def test_a_knob_that_can_not_be_turned_says_why(desk):
    assert "the storage is sized by it" in reason(desk.answer(Tune({FIXED: 8.0})))


def test_several_values_are_taken_all_or_none(desk):
    reason(desk.answer(Tune({FREE: 2.0, BOUND: 7.0})))
    reason(desk.answer(Tune({FREE: 2.0, "nothing": 1.0})))
    queued = desk.answer(Tune({FREE: 2.0, BOUND: 0.3}, note="together"))
    assert queued == InterventionQueued(1, "person", (Change(FREE, 1.0, 2.0), Change(BOUND, 0.2, 0.3)), "together")


def test_a_tune_that_names_no_knob_is_refused(desk):
    assert reason(desk.answer(Tune({}))) == "no knob was named"


def test_a_tune_of_knobs_that_have_changed_since_is_refused(desk):
    desk.observe(applied(desk.answer(Tune({FREE: 2.0})).number))
    assert "revision 1" in reason(desk.answer(Tune({FREE: 3.0}, revision=0)))
    assert desk.answer(Tune({FREE: 3.0}, revision=1)).changes == (Change(FREE, 2.0, 3.0),)


def test_nothing_can_be_tuned_before_the_knobs_are_known():
    desk = Desk()
    assert "still being built" in reason(desk.answer(Tune({FREE: 1.0})))
    for command in (Pause(), Resume(), Save(), Export(), Stop(), Ping()):
        assert desk.answer(command) is None


def test_after_a_stop_only_another_stop_is_accepted(desk):
    assert desk.answer(Stop()) is None
    for command in COMMANDS:
        assert "is stopping" in reason(desk.answer(command))
    assert desk.answer(Stop()) is None
    assert desk.answer(Ping()) is None


def test_a_training_that_stops_for_a_signal_takes_no_change_either(desk):
    desk.observe(PhaseChanged("stopping", "saving a checkpoint"))
    for command in COMMANDS:
        assert "is stopping" in reason(desk.answer(command))


@pytest.mark.parametrize("phase", ["finished", "failed"])
def test_after_the_end_only_a_ping_is_accepted(desk, phase):
    desk.observe(PhaseChanged(phase))
    for command in (*COMMANDS, Stop()):
        assert "has ended" in reason(desk.answer(command))
    assert desk.answer(Ping()) is None


@pytest.mark.parametrize("end", [ExportFinished(3, "exported", 0.0, 1.0, 2.0, 1e5), ExportFailed(3, "no space")])
def test_one_export_runs_at_a_time(desk, end):
    assert desk.answer(Export()) is None
    assert "already running" in reason(desk.answer(Export()))
    desk.observe(end)
    assert desk.answer(Export()) is None


def test_a_change_is_described_by_the_value_that_was_read_back(desk):
    desk.answer(Tune({FREE: 2.0}))
    desk.observe(applied(1, new=1.75))
    assert desk.answer(Tune({FREE: 3.0})).changes == (Change(FREE, 1.75, 3.0),)


@given(st.lists(st.sampled_from(["person", "trainer", "refused"])))
def test_every_intervention_gets_a_number_of_its_own(origins):
    desk = Desk()
    desk.observe(KnobsAvailable(0, KNOBS))
    numbers = []
    for origin in origins:
        if origin == "trainer":
            numbers.append(desk.observe(applied(0)).number)
        elif origin == "person":
            numbers.append(desk.answer(Tune({FREE: 2.0})).number)
            assert desk.observe(applied(numbers[-1])) == applied(numbers[-1])
        else:
            reason(desk.answer(Tune({FREE: math.nan})))
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_first_iteration_is_noticed(desk):
    assert not desk.has_iterated
    desk.observe(IterationFinished(0, 0, b"", 96, 1.0))
    assert desk.has_iterated
