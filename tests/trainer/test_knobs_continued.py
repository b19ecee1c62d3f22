"""Knobs at launch, within bounds, and from a checkpoint."""

from __future__ import annotations

import math

import pytest

from tests.fake_training import (
    EPOCHS,
    FRICTION,
    MASS,
    SCHEDULE,
    SPEED,
    TAUGHT,
    TAUGHT_RANGE,
    WEIGHT,
    WRITER,
    FakeTraining,
)
from tests.trainer.steered_knobs import Session
from trainer_proc.contract.messages import Change, InterventionFailed, KnobsAvailable, Ramp
from trainer_proc.contract.monitoring import CompetingWriterFound
from trainer_proc.steering.interventions import Interventions
from trainer_proc.steering.knob_set import LaunchValueError
from trainer_proc.steering.ramps import RampInProgress
from trainer_proc.steering.state import SteeringState, from_infos, to_infos


@pytest.fixture
def session():
    return Session()


# --- The launch -------------------------------------------------------------------------------------------


def offered(bounds):
    return {knob.name: knob for knob in Session(bounds).emitted[0].knobs}


def test_bounds_narrow_the_knobs_of_a_name_or_a_pattern_and_never_widen_them():
    knobs = offered({WEIGHT: (-3.0, 100.0), "event/*": (0.2, 2.0), "ppo/*": (2.0, 8.0)})
    assert [(knobs[name].minimum, knobs[name].maximum) for name in (WEIGHT, MASS, FRICTION, EPOCHS)] == [
        (-3.0, 10.0),
        (0.2, 2.0),
        (0.2, 2.0),
        (2.0, 8.0),
    ]
    assert (knobs[SCHEDULE].minimum, knobs[SCHEDULE].maximum) == (None, None)
    assert (knobs[SPEED].minimum, knobs[SPEED].maximum) == (-10.0, 10.0)


@pytest.mark.parametrize("pattern", ["reward/uprigt/weight", "rewards/*"])
def test_a_bound_of_no_knob_is_refused_before_anything_is_reported(pattern):
    with pytest.raises(LaunchValueError, match="no such knob:"):
        Session({pattern: (0.0, 1.0)})


def test_what_is_published_names_who_writes_a_knob_already():
    training = FakeTraining()
    training.curriculum.overwrite(TAUGHT, 0.7)
    emitted = []
    Interventions(emitted.append).publish_knobs(training.knobs(), {})
    knobs = {knob.name: knob for knob in emitted[0].knobs}
    assert isinstance(emitted[0], KnobsAvailable)
    assert (knobs[TAUGHT].competing_writer, knobs[TAUGHT].value, knobs[TAUGHT].default) == (WRITER, 0.7, 1.0)
    assert knobs[WEIGHT].competing_writer == ""


@pytest.mark.parametrize("value", [11.0, math.nan, "much", (0.0, 1.0)])
def test_a_launch_value_that_does_not_fit_is_refused(session, value):
    with pytest.raises(LaunchValueError, match=f"^{WEIGHT}: expected"):
        session.interventions.knobs.check({EPOCHS: 3.0, WEIGHT: value})
    assert session.values[EPOCHS] == 5


# --- Checkpoints ------------------------------------------------------------------------------------------


def resumed(state, bounds=None, values=None):
    """A new training that continues with `state`, encoded as in a checkpoint's infos."""
    other = Session(bounds)
    other.values.update(values or {})
    other.interventions.restore(from_infos({"humanoid_tui": to_infos(state)}), 40, "continues from model_39.pt")
    return other


def test_values_pins_and_ramps_continue_from_a_checkpoint(session):
    session.training.curriculum.overwrite(TAUGHT, 0.7)
    session.apply({TAUGHT: 2.0, SCHEDULE: "fixed", SPEED: (0.0, 1.0)})
    session.apply({WEIGHT: 3.0, FRICTION: 0.9}, ramp=Ramp(4), when="now")
    session.next_iteration()
    other = resumed(session.interventions.snapshot())
    assert other.values == session.values
    assert other.interventions.snapshot().ramps == session.interventions.snapshot().ramps
    assert other.interventions.snapshot().pinned == (TAUGHT,)
    other.training.curriculum.overwrite(TAUGHT, 0.7)
    for _ in range(2):
        assert other.next_iteration()[-1].changes == session.next_iteration()[-1].changes
    assert other.values == session.values
    assert other.values[WEIGHT] == 3.0
    assert [when for when, _, _ in other.training.resampled][-2:] == ["now", "now"]


def test_what_is_restored_is_reported_as_one_intervention_of_the_checkpoint_and_one_for_each_ramp(session):
    session.apply({SPEED: (0.0, 1.0)})
    session.apply({WEIGHT: 3.0}, ramp=Ramp(4))
    _, restored, ramp = resumed(session.interventions.snapshot()).emitted
    assert (restored.origin, restored.iteration, restored.note) == ("checkpoint", 40, "continues from model_39.pt")
    assert restored.changes == (Change(WEIGHT, 1.0, 1.5), Change(SPEED, (-1.0, 1.0), (0.0, 1.0)))
    assert (ramp.ramp, ramp.changes) == (Ramp(4, targets={WEIGHT: 3.0}), (Change(WEIGHT, 1.5, 1.5),))
    assert (restored.number, ramp.number) == (0, 0)
    assert restored.revision < ramp.revision


def test_revisions_continue_from_those_of_the_checkpoint():
    other = resumed(SteeringState({WEIGHT: 2.0}, revision=17))
    assert other.interventions.revision == 18


def test_values_that_the_new_training_can_not_apply_are_left_out_and_named():
    state = SteeringState({WEIGHT: 5.0, EPOCHS: 3.0, "reward/gone/weight": 1.0}, pinned=("reward/gone/weight",))
    other = resumed(state, {WEIGHT: (0.0, 2.0)})
    assert (other.values[WEIGHT], other.values[EPOCHS]) == (1.0, 3)
    assert other.emitted[-1].note.endswith(f"not restored: reward/gone/weight, {WEIGHT}")
    assert other.interventions.snapshot().pinned == ()


def test_nothing_but_values_that_can_not_be_applied_is_reported_too():
    other = resumed(SteeringState({"reward/gone/weight": 1.0}))
    assert other.emitted[-1].note.endswith("not restored: reward/gone/weight")
    assert other.emitted[-1].changes == ()


def test_a_ramp_to_where_the_new_training_does_not_go_ends_where_it_is():
    ramp = RampInProgress(WEIGHT, 1.0, 5.0, 4, done=1)
    other = resumed(SteeringState({WEIGHT: 2.0}, ramps=(ramp,)), {WEIGHT: (0.0, 3.0)})
    assert other.values[WEIGHT] == 2.0
    assert other.next_iteration() == []


def test_a_checkpoint_that_can_not_be_restored_leaves_the_training_as_it_was_built():
    other = Session()
    other.training.failing = {EPOCHS}
    state = SteeringState({WEIGHT: 2.0, EPOCHS: 3.0}, ramps=(RampInProgress(WEIGHT, 1.0, 3.0, 4, done=2),))
    other.interventions.restore(state, 0, "")
    assert isinstance(other.emitted[-1], InterventionFailed)
    assert other.values == FakeTraining().values
    assert other.next_iteration() == []


def test_a_pin_that_was_restored_is_a_pin_before_anything_has_tried_to_write(session):
    session.training.curriculum.overwrite(TAUGHT_RANGE, (-0.5, 0.5))
    session.apply({TAUGHT_RANGE: (0.0, 1.0)})
    other = resumed(session.interventions.snapshot())
    assert other.emitted[-1].pinned == (TAUGHT_RANGE,)
    other.training.curriculum.overwrite(TAUGHT_RANGE, (-0.4, 0.4))
    assert other.emitted[-1] == CompetingWriterFound(TAUGHT_RANGE, WRITER, pinned=True)
    assert other.values[TAUGHT_RANGE] == (0.0, 1.0)
