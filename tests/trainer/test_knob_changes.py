"""Changes applied completely or not at all, ramps, pins, bounds, and what a checkpoint restores."""

from __future__ import annotations

import math

import msgspec
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
from trainer_proc.contract.messages import (
    Change,
    CompetingWriterFound,
    InterventionApplied,
    InterventionFailed,
    InterventionQueued,
    KnobsAvailable,
    Ramp,
    RampAdvanced,
)
from trainer_proc.steering.interventions import Interventions
from trainer_proc.steering.knob_set import LaunchValueError
from trainer_proc.steering.ramps import RampInProgress
from trainer_proc.steering.state import SteeringState, from_infos, to_infos


class Session:
    """A fake training with its interventions and what they emit."""

    def __init__(self, bounds=None):
        self.training = FakeTraining()
        self.emitted = []
        self.interventions = Interventions(self.emitted.append)
        self.training.curriculum.on_competing_writer = self.interventions.competing_writer_found
        self.interventions.publish_knobs(self.training.knobs(), bounds or {})
        self.number = 0

    @property
    def values(self):
        return self.training.values

    def apply(self, values=None, iteration=4, **fields):
        """Apply an intervention; return the last body that it emits."""
        self.number += 1
        changes = tuple(Change(name, self.values[name], value) for name, value in (values or {}).items())
        self.interventions.apply(InterventionQueued(self.number, "person", changes, **fields), iteration)
        return self.emitted[-1]

    def next_iteration(self, iteration=5):
        before = len(self.emitted)
        self.interventions.new_iteration(iteration)
        return self.emitted[before:]


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
