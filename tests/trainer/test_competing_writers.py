"""Knobs that competing writers change too: pins and releases."""

from __future__ import annotations

import pytest

from tests.fake_training import TAUGHT, WEIGHT, WRITER
from tests.trainer.steered_knobs import Session
from trainer_proc.contract.messages import Change, InterventionFailed, Ramp, RampAdvanced
from trainer_proc.contract.monitoring import CompetingWriterFound
from trainer_proc.steering.state import SteeringState


@pytest.fixture
def session():
    return Session()


# --- Competing writers ------------------------------------------------------------------------------------


def test_a_value_that_a_curriculum_has_written_is_reported_at_the_next_boundary(session):
    session.training.curriculum.overwrite(TAUGHT, 0.7)
    (moved,) = session.next_iteration()
    assert moved == RampAdvanced(5, 1, (Change(TAUGHT, 1.0, 0.7),), {})
    assert session.next_iteration() == []


def test_a_change_of_what_a_curriculum_writes_holds_and_is_reported_as_pinned(session):
    session.training.curriculum.overwrite(TAUGHT, 0.7)
    applied = session.apply({TAUGHT: 2.0, WEIGHT: 3.0})
    assert applied.pinned == (TAUGHT,)
    assert applied.changes[0] == Change(TAUGHT, 0.7, 2.0)
    session.training.curriculum.overwrite(TAUGHT, 0.6)
    assert session.values[TAUGHT] == 2.0
    assert session.apply({TAUGHT: 2.5}).pinned == ()  # already pinned
    assert session.interventions.snapshot().pinned == (TAUGHT,)


def test_a_change_of_what_is_written_only_later_is_reported_as_pinned_then(session):
    assert session.apply({TAUGHT: 2.0}).pinned == ()
    session.training.curriculum.overwrite(TAUGHT, 0.7)
    assert session.emitted[-1] == CompetingWriterFound(TAUGHT, WRITER, pinned=True)
    assert session.values[TAUGHT] == 2.0
    assert session.interventions.snapshot().pinned == (TAUGHT,)


def test_a_pinned_knob_that_is_released_has_the_curriculum_s_value(session):
    session.training.curriculum.overwrite(TAUGHT, 0.7)
    session.apply({TAUGHT: 2.0})
    session.training.curriculum.overwrite(TAUGHT, 0.6)
    given_back = session.apply(unpin=(TAUGHT,))
    assert (given_back.unpinned, given_back.changes) == ((TAUGHT,), (Change(TAUGHT, 2.0, 0.6),))
    session.training.curriculum.overwrite(TAUGHT, 0.5)
    assert session.values[TAUGHT] == 0.5
    assert session.interventions.snapshot() == SteeringState(revision=2)


def test_a_knob_that_is_released_is_on_no_ramp(session):
    session.training.curriculum.overwrite(TAUGHT, 1.0)
    session.apply({TAUGHT: 3.0}, ramp=Ramp(4))
    session.apply(unpin=(TAUGHT,))
    assert session.next_iteration() == []
    assert session.values[TAUGHT] == 1.0


def test_a_pin_remains_when_its_release_fails(session):
    session.training.curriculum.overwrite(TAUGHT, 0.7)
    session.apply({TAUGHT: 2.0})
    session.training.failing = {WEIGHT}
    failed = session.apply({WEIGHT: 5.0}, unpin=(TAUGHT,))
    assert isinstance(failed, InterventionFailed)
    session.training.curriculum.overwrite(TAUGHT, 0.6)
    assert session.values[TAUGHT] == 2.0


def test_a_change_that_is_undone_leaves_the_knob_to_whatever_writes_it_later(session):
    session.apply({TAUGHT: 2.0})
    session.apply({TAUGHT: 1.0}, undoes=1)
    session.training.curriculum.overwrite(TAUGHT, 0.7)
    assert session.emitted[-1] == CompetingWriterFound(TAUGHT, WRITER, pinned=False)
    assert session.values[TAUGHT] == 0.7
    assert session.interventions.snapshot().values == {}


def test_an_undo_of_the_first_change_leaves_the_knob_free_wherever_it_was_before(session):
    session.training.values[TAUGHT] = 0.25  # written by an unknown writer
    session.apply({TAUGHT: 3.0})
    session.apply({TAUGHT: 0.25}, undoes=1)
    session.training.curriculum.overwrite(TAUGHT, -2.0)
    assert session.values[TAUGHT] == -2.0


def test_an_undo_of_a_release_pins_it_again_even_where_it_began(session):
    session.training.curriculum.overwrite(TAUGHT, 1.0)
    session.apply({TAUGHT: 1.0})
    session.apply(unpin=(TAUGHT,))
    assert session.apply({TAUGHT: 1.0}, undoes=2).pinned == (TAUGHT,)


def test_an_undo_leaves_a_knob_alone_that_is_released_already(session):
    session.training.curriculum.overwrite(TAUGHT, 0.7)
    session.apply({TAUGHT: 2.0, WEIGHT: 3.0})
    session.apply(unpin=(TAUGHT,))
    session.training.curriculum.overwrite(TAUGHT, 0.6)
    session.apply({TAUGHT: 0.7, WEIGHT: 1.0}, undoes=1, unpin=(TAUGHT,))
    assert (session.values[TAUGHT], session.values[WEIGHT]) == (0.6, 1.0)


def test_an_undo_of_a_later_change_leaves_the_earlier_one_held(session):
    session.apply({TAUGHT: 2.0})
    session.apply({TAUGHT: 3.0})
    session.apply({TAUGHT: 2.0}, undoes=2)
    session.training.curriculum.overwrite(TAUGHT, 0.7)
    assert session.values[TAUGHT] == 2.0
    assert session.interventions.snapshot().values == {TAUGHT: 2.0}


def test_competing_writers_are_notified_of_every_new_iteration(session):
    session.next_iteration()
    session.next_iteration()
    assert session.training.curriculum.iterations == 2
