"""Changes applied completely or not at all, at once and by ramps."""

from __future__ import annotations

import msgspec
import pytest

from tests.fake_training import EPOCHS, FRICTION, MASS, SPEED, WEIGHT
from tests.trainer.steered_knobs import Session
from trainer_proc.contract.messages import Change, InterventionApplied, InterventionFailed, Ramp, RampAdvanced
from trainer_proc.steering.state import SteeringState


@pytest.fixture
def session():
    return Session()


# --- One intervention -------------------------------------------------------------------------------------


def test_a_change_is_reported_with_what_the_simulator_really_uses(session):
    applied = session.apply({EPOCHS: 3.0, SPEED: (0.0, 2.0)}, note="slower", revision=7)
    assert msgspec.structs.replace(applied, stall_ms=0.0) == InterventionApplied(
        number=1,
        origin="person",
        iteration=4,
        revision=7,
        changes=(Change(EPOCHS, 5.0, 3.0), Change(SPEED, (-1.0, 1.0), (0.0, 2.0))),
        note="slower",
    )
    assert applied.stall_ms > 0
    assert session.values[EPOCHS] == 3


@pytest.mark.parametrize("failing", [WEIGHT, SPEED, EPOCHS])
def test_one_knob_that_can_not_be_written_leaves_all_as_they_were(session, failing):
    before = dict(session.values)
    session.training.failing = {failing}
    emitted = session.apply({WEIGHT: 2.0, SPEED: (0.0, 2.0), EPOCHS: 3.0})
    assert emitted == InterventionFailed(1, 4, f"Refusing: {failing} can't be written")
    assert session.values == before
    session.training.failing = set()
    assert isinstance(session.apply({WEIGHT: 2.0}), InterventionApplied)


def test_a_randomization_that_can_not_be_resampled_leaves_all_as_they_were_and_is_resampled_from_that(session):
    before = dict(session.values)
    session.training.resample_fails = True
    emitted = session.apply({WEIGHT: 2.0, MASS: (0.5, 2.0)}, when="now")
    assert emitted == InterventionFailed(1, 4, "Refusing: no more memory")
    assert session.values == before
    assert session.training.resampled == [("now", (0.5, 2.0), 0.5), ("now", (0.9, 1.1), 0.5)]


def test_a_failed_intervention_is_no_part_of_what_a_checkpoint_carries(session):
    session.training.failing = {EPOCHS}
    session.apply({WEIGHT: 2.0, EPOCHS: 3.0})
    assert session.interventions.snapshot() == SteeringState()


@pytest.mark.parametrize("when", ["now", "on reset"])
def test_several_values_of_one_randomization_are_resampled_once(session, when):
    session.apply({MASS: (0.5, 2.0), FRICTION: 1.0, WEIGHT: 2.0}, when=when)
    assert session.training.resampled == [(when, (0.5, 2.0), 1.0)]


def test_a_value_that_needs_no_resampling_resamples_nothing(session):
    session.apply({WEIGHT: 2.0})
    assert session.training.resampled == []


# --- Ramps ------------------------------------------------------------------------------------------------


def test_a_ramp_begins_with_its_first_step_and_arrives(session):
    applied = session.apply({WEIGHT: 3.0}, ramp=Ramp(4))
    assert applied.changes == (Change(WEIGHT, 1.0, 1.5),)
    assert applied.ramp == Ramp(4, targets={WEIGHT: 3.0})
    steps = [session.next_iteration(iteration) for iteration in (5, 6, 7)]
    assert steps == [
        [RampAdvanced(5, 2, (Change(WEIGHT, 1.5, 2.0),), {WEIGHT: 2})],
        [RampAdvanced(6, 3, (Change(WEIGHT, 2.0, 2.5),), {WEIGHT: 1})],
        [RampAdvanced(7, 4, (Change(WEIGHT, 2.5, 3.0),), {WEIGHT: 0})],
    ]
    assert session.next_iteration(8) == []


def test_a_ramp_of_one_iteration_is_a_change_like_any_other(session):
    applied = session.apply({WEIGHT: 3.0}, ramp=Ramp(1))
    assert (applied.changes[0].new, applied.ramp) == (3.0, None)
    assert session.next_iteration() == []


def test_ramps_of_a_range_of_a_whole_number_and_of_a_resampled_value(session):
    session.apply({SPEED: (-2.0, 3.0), EPOCHS: 8.0, FRICTION: 0.7}, ramp=Ramp(2), when="now")
    assert (session.values[SPEED], session.values[EPOCHS], session.values[FRICTION]) == ((-1.5, 2.0), 6, 0.6)
    session.next_iteration()
    assert (session.values[SPEED], session.values[EPOCHS], session.values[FRICTION]) == ((-2.0, 3.0), 8, 0.7)
    assert [when for when, _, _ in session.training.resampled] == ["now", "now"]


def test_a_geometric_ramp_multiplies(session):
    session.apply({WEIGHT: 8.0}, ramp=Ramp(3, "geometric"))
    assert session.values[WEIGHT] == pytest.approx(2.0)
    session.next_iteration()
    assert session.values[WEIGHT] == pytest.approx(4.0)


def test_a_geometric_ramp_that_turns_out_to_begin_at_zero_fails_and_training_continues(session):
    session.apply({WEIGHT: 0.0})
    emitted = session.apply({WEIGHT: 8.0}, ramp=Ramp(3, "geometric"))
    assert isinstance(emitted, InterventionFailed)
    assert session.values[WEIGHT] == 0.0
    assert session.next_iteration() == []


def test_a_change_ends_the_ramp_of_its_knob_and_no_other(session):
    session.apply({WEIGHT: 3.0, FRICTION: 1.0}, ramp=Ramp(4))
    applied = session.apply({WEIGHT: -1.0})
    assert applied.stopped_ramps == ()  # a changed knob is reported by its change
    session.next_iteration()
    assert (session.values[WEIGHT], session.values[FRICTION]) == (-1.0, 0.75)


def test_another_ramp_begins_where_the_first_one_is(session):
    session.apply({WEIGHT: 3.0}, ramp=Ramp(4))
    session.apply({WEIGHT: 0.5}, ramp=Ramp(2))
    assert session.values[WEIGHT] == 1.0
    (step,) = session.next_iteration()
    assert step.changes == (Change(WEIGHT, 1.0, 0.5),)
    assert session.next_iteration() == []


def test_a_stopped_ramp_leaves_the_knob_where_it_is(session):
    session.apply({WEIGHT: 3.0, FRICTION: 1.0}, ramp=Ramp(4))
    stopped = session.apply(stop_ramps=(WEIGHT,))
    assert (stopped.changes, stopped.stopped_ramps) == ((), (WEIGHT,))
    (step,) = session.next_iteration()
    assert [change.knob for change in step.changes] == [FRICTION]
    assert session.values[WEIGHT] == 1.5


def test_a_ramp_whose_step_fails_ends_and_the_others_continue(session):
    session.apply({WEIGHT: 3.0, FRICTION: 1.0}, ramp=Ramp(4))
    session.training.failing = {WEIGHT}
    failed, step = session.next_iteration()
    assert failed == InterventionFailed(0, 5, f"ramp of {WEIGHT} stopped: Refusing: {WEIGHT} can't be written")
    assert step.iterations_left == {WEIGHT: 0, FRICTION: 2}
    assert [change.knob for change in step.changes] == [FRICTION]
    session.training.failing = set()
    (step,) = session.next_iteration(6)
    assert step.iterations_left == {FRICTION: 1}
    assert session.values[WEIGHT] == 1.5


def test_a_ramp_that_can_not_begin_leaves_the_one_before_it(session):
    session.apply({WEIGHT: 3.0}, ramp=Ramp(4))
    session.training.failing = {WEIGHT}
    session.apply({WEIGHT: -3.0}, ramp=Ramp(4))
    session.training.failing = set()
    (step,) = session.next_iteration()
    assert step.changes == (Change(WEIGHT, 1.5, 2.0),)
