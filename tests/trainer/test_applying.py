"""Knobs turned wholly or not at all, ramps, pins, bounds, and what a checkpoint brings back."""

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


class Turned:
    """A fake training with its interventions and what they have told."""

    def __init__(self, bounds=None):
        self.training = FakeTraining()
        self.told = []
        self.interventions = Interventions(self.told.append)
        self.training.curriculum.on_competing_writer = self.interventions.competing_writer_found
        self.interventions.publish_knobs(self.training.knobs(), bounds or {})
        self.number = 0

    @property
    def values(self):
        return self.training.values

    def turn(self, values=None, iteration=4, **fields):
        """Apply an intervention; return what is told of it."""
        self.number += 1
        changes = tuple(Change(name, self.values[name], value) for name, value in (values or {}).items())
        self.interventions.apply(InterventionQueued(self.number, "person", changes, **fields), iteration)
        return self.told[-1]

    def next_iteration(self, iteration=5):
        before = len(self.told)
        self.interventions.new_iteration(iteration)
        return self.told[before:]


@pytest.fixture
def turned():
    return Turned()


# --- One intervention -------------------------------------------------------------------------------------


def test_a_change_is_told_with_what_the_simulator_really_uses(turned):
    applied = turned.turn({EPOCHS: 3.0, SPEED: (0.0, 2.0)}, note="slower", revision=7)
    assert msgspec.structs.replace(applied, stall_ms=0.0) == InterventionApplied(
        1, "person", 4, 7, (Change(EPOCHS, 5.0, 3.0), Change(SPEED, (-1.0, 1.0), (0.0, 2.0))), "slower"
    )
    assert applied.stall_ms > 0
    assert turned.values[EPOCHS] == 3


@pytest.mark.parametrize("failing", [WEIGHT, SPEED, EPOCHS])
def test_one_knob_that_can_not_be_written_leaves_all_as_they_were(turned, failing):
    before = dict(turned.values)
    turned.training.failing = {failing}
    told = turned.turn({WEIGHT: 2.0, SPEED: (0.0, 2.0), EPOCHS: 3.0})
    assert told == InterventionFailed(1, 4, f"Refusing: {failing} can't be written")
    assert turned.values == before
    turned.training.failing = set()
    assert isinstance(turned.turn({WEIGHT: 2.0}), InterventionApplied)


def test_a_randomization_that_can_not_be_drawn_leaves_all_as_they_were_and_is_drawn_from_that(turned):
    before = dict(turned.values)
    turned.training.resample_fails = True
    told = turned.turn({WEIGHT: 2.0, MASS: (0.5, 2.0)}, when="now")
    assert told == InterventionFailed(1, 4, "Refusing: no more memory")
    assert turned.values == before
    assert turned.training.resampled == [("now", (0.5, 2.0), 0.5), ("now", (0.9, 1.1), 0.5)]


def test_a_failed_intervention_is_no_part_of_what_a_checkpoint_carries(turned):
    turned.training.failing = {EPOCHS}
    turned.turn({WEIGHT: 2.0, EPOCHS: 3.0})
    assert turned.interventions.snapshot() == SteeringState()


@pytest.mark.parametrize("when", ["now", "on reset"])
def test_several_values_of_one_randomization_are_drawn_once(turned, when):
    turned.turn({MASS: (0.5, 2.0), FRICTION: 1.0, WEIGHT: 2.0}, when=when)
    assert turned.training.resampled == [(when, (0.5, 2.0), 1.0)]


def test_a_value_that_needs_no_drawing_draws_nothing(turned):
    turned.turn({WEIGHT: 2.0})
    assert turned.training.resampled == []


# --- Ramps ------------------------------------------------------------------------------------------------


def test_a_ramp_begins_with_its_first_step_and_arrives(turned):
    applied = turned.turn({WEIGHT: 3.0}, ramp=Ramp(4))
    assert applied.changes == (Change(WEIGHT, 1.0, 1.5),)
    assert applied.ramp == Ramp(4, targets={WEIGHT: 3.0})
    steps = [turned.next_iteration(iteration) for iteration in (5, 6, 7)]
    assert steps == [
        [RampAdvanced(5, 2, (Change(WEIGHT, 1.5, 2.0),), {WEIGHT: 2})],
        [RampAdvanced(6, 3, (Change(WEIGHT, 2.0, 2.5),), {WEIGHT: 1})],
        [RampAdvanced(7, 4, (Change(WEIGHT, 2.5, 3.0),), {WEIGHT: 0})],
    ]
    assert turned.next_iteration(8) == []


def test_a_ramp_of_one_iteration_is_a_change_like_any_other(turned):
    applied = turned.turn({WEIGHT: 3.0}, ramp=Ramp(1))
    assert (applied.changes[0].new, applied.ramp) == (3.0, None)
    assert turned.next_iteration() == []


def test_ramps_of_a_range_of_a_whole_number_and_of_a_drawn_value(turned):
    turned.turn({SPEED: (-2.0, 3.0), EPOCHS: 8.0, FRICTION: 0.7}, ramp=Ramp(2), when="now")
    assert (turned.values[SPEED], turned.values[EPOCHS], turned.values[FRICTION]) == ((-1.5, 2.0), 6, 0.6)
    turned.next_iteration()
    assert (turned.values[SPEED], turned.values[EPOCHS], turned.values[FRICTION]) == ((-2.0, 3.0), 8, 0.7)
    assert [when for when, _, _ in turned.training.resampled] == ["now", "now"]


def test_a_geometric_ramp_multiplies(turned):
    turned.turn({WEIGHT: 8.0}, ramp=Ramp(3, "geometric"))
    assert turned.values[WEIGHT] == pytest.approx(2.0)
    turned.next_iteration()
    assert turned.values[WEIGHT] == pytest.approx(4.0)


def test_a_geometric_ramp_that_turns_out_to_begin_at_zero_fails_and_the_training_goes_on(turned):
    turned.turn({WEIGHT: 0.0})
    told = turned.turn({WEIGHT: 8.0}, ramp=Ramp(3, "geometric"))
    assert isinstance(told, InterventionFailed)
    assert turned.values[WEIGHT] == 0.0
    assert turned.next_iteration() == []


def test_an_edit_ends_the_ramp_of_its_knob_and_no_other(turned):
    turned.turn({WEIGHT: 3.0, FRICTION: 1.0}, ramp=Ramp(4))
    applied = turned.turn({WEIGHT: -1.0})
    assert applied.stopped_ramps == ()  # a knob that changes is told by its change
    turned.next_iteration()
    assert (turned.values[WEIGHT], turned.values[FRICTION]) == (-1.0, 0.75)


def test_another_ramp_begins_where_the_first_one_is(turned):
    turned.turn({WEIGHT: 3.0}, ramp=Ramp(4))
    turned.turn({WEIGHT: 0.5}, ramp=Ramp(2))
    assert turned.values[WEIGHT] == 1.0
    (step,) = turned.next_iteration()
    assert step.changes == (Change(WEIGHT, 1.0, 0.5),)
    assert turned.next_iteration() == []


def test_a_stopped_ramp_leaves_the_knob_where_it_is(turned):
    turned.turn({WEIGHT: 3.0, FRICTION: 1.0}, ramp=Ramp(4))
    stopped = turned.turn(stop_ramps=(WEIGHT,))
    assert (stopped.changes, stopped.stopped_ramps) == ((), (WEIGHT,))
    (step,) = turned.next_iteration()
    assert [change.knob for change in step.changes] == [FRICTION]
    assert turned.values[WEIGHT] == 1.5


def test_a_ramp_whose_step_fails_ends_and_the_others_go_on(turned):
    turned.turn({WEIGHT: 3.0, FRICTION: 1.0}, ramp=Ramp(4))
    turned.training.failing = {WEIGHT}
    failed, step = turned.next_iteration()
    assert failed == InterventionFailed(0, 5, f"ramp of {WEIGHT} stopped: Refusing: {WEIGHT} can't be written")
    assert step.iterations_left == {WEIGHT: 0, FRICTION: 2}
    assert [change.knob for change in step.changes] == [FRICTION]
    turned.training.failing = set()
    (step,) = turned.next_iteration(6)
    assert step.iterations_left == {FRICTION: 1}
    assert turned.values[WEIGHT] == 1.5


def test_a_ramp_that_can_not_begin_leaves_the_one_before_it(turned):
    turned.turn({WEIGHT: 3.0}, ramp=Ramp(4))
    turned.training.failing = {WEIGHT}
    turned.turn({WEIGHT: -3.0}, ramp=Ramp(4))
    turned.training.failing = set()
    (step,) = turned.next_iteration()
    assert step.changes == (Change(WEIGHT, 1.5, 2.0),)


# --- What else writes a knob ------------------------------------------------------------------------------


def test_a_value_that_a_curriculum_has_written_is_told_at_the_next_boundary(turned):
    turned.training.curriculum.overwrite(TAUGHT, 0.7)
    (moved,) = turned.next_iteration()
    assert moved == RampAdvanced(5, 1, (Change(TAUGHT, 1.0, 0.7),), {})
    assert turned.next_iteration() == []


def test_an_edit_of_what_a_curriculum_writes_holds_and_is_told_as_pinned(turned):
    turned.training.curriculum.overwrite(TAUGHT, 0.7)
    applied = turned.turn({TAUGHT: 2.0, WEIGHT: 3.0})
    assert applied.pinned == (TAUGHT,)
    assert applied.changes[0] == Change(TAUGHT, 0.7, 2.0)
    turned.training.curriculum.overwrite(TAUGHT, 0.6)
    assert turned.values[TAUGHT] == 2.0
    assert turned.turn({TAUGHT: 2.5}).pinned == ()  # it is already
    assert turned.interventions.snapshot().pinned == (TAUGHT,)


def test_an_edit_of_what_is_written_only_later_is_told_as_pinned_then(turned):
    assert turned.turn({TAUGHT: 2.0}).pinned == ()
    turned.training.curriculum.overwrite(TAUGHT, 0.7)
    assert turned.told[-1] == CompetingWriterFound(TAUGHT, WRITER, pinned=True)
    assert turned.values[TAUGHT] == 2.0
    assert turned.interventions.snapshot().pinned == (TAUGHT,)


def test_a_pinned_knob_that_is_given_back_has_the_curriculum_s_value(turned):
    turned.training.curriculum.overwrite(TAUGHT, 0.7)
    turned.turn({TAUGHT: 2.0})
    turned.training.curriculum.overwrite(TAUGHT, 0.6)
    given_back = turned.turn(unpin=(TAUGHT,))
    assert (given_back.unpinned, given_back.changes) == ((TAUGHT,), (Change(TAUGHT, 2.0, 0.6),))
    turned.training.curriculum.overwrite(TAUGHT, 0.5)
    assert turned.values[TAUGHT] == 0.5
    assert turned.interventions.snapshot() == SteeringState(revision=2)


def test_a_knob_that_is_given_back_is_on_no_ramp_any_more(turned):
    turned.training.curriculum.overwrite(TAUGHT, 1.0)
    turned.turn({TAUGHT: 3.0}, ramp=Ramp(4))
    turned.turn(unpin=(TAUGHT,))
    assert turned.next_iteration() == []
    assert turned.values[TAUGHT] == 1.0


def test_a_pin_holds_on_when_the_one_who_gives_it_back_fails(turned):
    turned.training.curriculum.overwrite(TAUGHT, 0.7)
    turned.turn({TAUGHT: 2.0})
    turned.training.failing = {WEIGHT}
    failed = turned.turn({WEIGHT: 5.0}, unpin=(TAUGHT,))
    assert isinstance(failed, InterventionFailed)
    turned.training.curriculum.overwrite(TAUGHT, 0.6)
    assert turned.values[TAUGHT] == 2.0


def test_an_edit_that_is_undone_leaves_the_knob_to_whatever_writes_it_later(turned):
    turned.turn({TAUGHT: 2.0})
    turned.turn({TAUGHT: 1.0}, undoes=1)
    turned.training.curriculum.overwrite(TAUGHT, 0.7)
    assert turned.told[-1] == CompetingWriterFound(TAUGHT, WRITER, pinned=False)
    assert turned.values[TAUGHT] == 0.7
    assert turned.interventions.snapshot().values == {}


def test_an_undo_of_the_first_edit_leaves_the_knob_free_wherever_it_was_before(turned):
    turned.training.values[TAUGHT] = 0.25  # moved by somebody who isn't known
    turned.turn({TAUGHT: 3.0})
    turned.turn({TAUGHT: 0.25}, undoes=1)
    turned.training.curriculum.overwrite(TAUGHT, -2.0)
    assert turned.values[TAUGHT] == -2.0


def test_an_undo_of_what_gave_a_knob_back_pins_it_again_even_where_it_began(turned):
    turned.training.curriculum.overwrite(TAUGHT, 1.0)
    turned.turn({TAUGHT: 1.0})
    turned.turn(unpin=(TAUGHT,))
    assert turned.turn({TAUGHT: 1.0}, undoes=2).pinned == (TAUGHT,)


def test_an_undo_leaves_a_knob_alone_that_the_curriculum_has_back_already(turned):
    turned.training.curriculum.overwrite(TAUGHT, 0.7)
    turned.turn({TAUGHT: 2.0, WEIGHT: 3.0})
    turned.turn(unpin=(TAUGHT,))
    turned.training.curriculum.overwrite(TAUGHT, 0.6)
    turned.turn({TAUGHT: 0.7, WEIGHT: 1.0}, undoes=1, unpin=(TAUGHT,))
    assert (turned.values[TAUGHT], turned.values[WEIGHT]) == (0.6, 1.0)


def test_an_undo_of_a_later_edit_leaves_the_earlier_one_held(turned):
    turned.turn({TAUGHT: 2.0})
    turned.turn({TAUGHT: 3.0})
    turned.turn({TAUGHT: 2.0}, undoes=2)
    turned.training.curriculum.overwrite(TAUGHT, 0.7)
    assert turned.values[TAUGHT] == 2.0
    assert turned.interventions.snapshot().values == {TAUGHT: 2.0}


def test_others_are_told_of_every_new_iteration(turned):
    turned.next_iteration()
    turned.next_iteration()
    assert turned.training.curriculum.iterations == 2


# --- The launch -------------------------------------------------------------------------------------------


def offered(bounds):
    return {knob.name: knob for knob in Turned(bounds).told[0].knobs}


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
def test_a_bound_of_no_knob_is_refused_before_anything_is_told(pattern):
    with pytest.raises(LaunchValueError, match="no such knob:"):
        Turned({pattern: (0.0, 1.0)})


def test_what_is_offered_names_who_writes_a_knob_already():
    training = FakeTraining()
    training.curriculum.overwrite(TAUGHT, 0.7)
    told = []
    Interventions(told.append).publish_knobs(training.knobs(), {})
    knobs = {knob.name: knob for knob in told[0].knobs}
    assert isinstance(told[0], KnobsAvailable)
    assert (knobs[TAUGHT].competing_writer, knobs[TAUGHT].value, knobs[TAUGHT].default) == (WRITER, 0.7, 1.0)
    assert knobs[WEIGHT].competing_writer == ""


@pytest.mark.parametrize("value", [11.0, math.nan, "much", (0.0, 1.0)])
def test_a_launch_value_that_does_not_fit_is_refused(turned, value):
    with pytest.raises(LaunchValueError, match=f"^{WEIGHT}: expected"):
        turned.interventions.knobs.check({EPOCHS: 3.0, WEIGHT: value})
    assert turned.values[EPOCHS] == 5


# --- Checkpoints ------------------------------------------------------------------------------------------


def resumed(state, bounds=None, values=None):
    """A new training that continues with `state`, after a trip through a checkpoint's infos."""
    other = Turned(bounds)
    other.values.update(values or {})
    other.interventions.restore(from_infos({"humanoid_tui": to_infos(state)}), 40, "continues from model_39.pt")
    return other


def test_values_pins_and_ramps_go_on_from_a_checkpoint(turned):
    turned.training.curriculum.overwrite(TAUGHT, 0.7)
    turned.turn({TAUGHT: 2.0, SCHEDULE: "fixed", SPEED: (0.0, 1.0)})
    turned.turn({WEIGHT: 3.0, FRICTION: 0.9}, ramp=Ramp(4), when="now")
    turned.next_iteration()
    other = resumed(turned.interventions.snapshot())
    assert other.values == turned.values
    assert other.interventions.snapshot().ramps == turned.interventions.snapshot().ramps
    assert other.interventions.snapshot().pinned == (TAUGHT,)
    other.training.curriculum.overwrite(TAUGHT, 0.7)
    for _ in range(2):
        assert other.next_iteration()[-1].changes == turned.next_iteration()[-1].changes
    assert other.values == turned.values
    assert other.values[WEIGHT] == 3.0
    assert [when for when, _, _ in other.training.resampled][-2:] == ["now", "now"]


def test_what_is_restored_is_told_as_one_intervention_of_the_checkpoint_and_one_for_each_ramp(turned):
    turned.turn({SPEED: (0.0, 1.0)})
    turned.turn({WEIGHT: 3.0}, ramp=Ramp(4))
    _, restored, ramp = resumed(turned.interventions.snapshot()).told
    assert (restored.origin, restored.iteration, restored.note) == ("checkpoint", 40, "continues from model_39.pt")
    assert restored.changes == (Change(WEIGHT, 1.0, 1.5), Change(SPEED, (-1.0, 1.0), (0.0, 1.0)))
    assert (ramp.ramp, ramp.changes) == (Ramp(4, targets={WEIGHT: 3.0}), (Change(WEIGHT, 1.5, 1.5),))
    assert (restored.number, ramp.number) == (0, 0)
    assert restored.revision < ramp.revision


def test_revisions_go_on_from_those_of_the_checkpoint():
    other = resumed(SteeringState({WEIGHT: 2.0}, revision=17))
    assert other.interventions.revision == 18


def test_values_that_the_new_training_can_not_take_are_left_out_and_named():
    state = SteeringState({WEIGHT: 5.0, EPOCHS: 3.0, "reward/gone/weight": 1.0}, pinned=("reward/gone/weight",))
    other = resumed(state, {WEIGHT: (0.0, 2.0)})
    assert (other.values[WEIGHT], other.values[EPOCHS]) == (1.0, 3)
    assert other.told[-1].note.endswith(f"not restored: reward/gone/weight, {WEIGHT}")
    assert other.interventions.snapshot().pinned == ()


def test_nothing_but_values_that_can_not_be_taken_is_told_too():
    other = resumed(SteeringState({"reward/gone/weight": 1.0}))
    assert other.told[-1].note.endswith("not restored: reward/gone/weight")
    assert other.told[-1].changes == ()


def test_a_ramp_to_where_the_new_training_does_not_go_ends_where_it_is():
    ramp = RampInProgress(WEIGHT, 1.0, 5.0, 4, done=1)
    other = resumed(SteeringState({WEIGHT: 2.0}, ramps=(ramp,)), {WEIGHT: (0.0, 3.0)})
    assert other.values[WEIGHT] == 2.0
    assert other.next_iteration() == []


def test_a_checkpoint_that_can_not_be_restored_leaves_the_training_as_it_was_built():
    other = Turned()
    other.training.failing = {EPOCHS}
    state = SteeringState({WEIGHT: 2.0, EPOCHS: 3.0}, ramps=(RampInProgress(WEIGHT, 1.0, 3.0, 4, done=2),))
    other.interventions.restore(state, 0, "")
    assert isinstance(other.told[-1], InterventionFailed)
    assert other.values == FakeTraining().values
    assert other.next_iteration() == []


def test_a_pin_that_was_restored_is_a_pin_before_anything_has_tried_to_write(turned):
    turned.training.curriculum.overwrite(TAUGHT_RANGE, (-0.5, 0.5))
    turned.turn({TAUGHT_RANGE: (0.0, 1.0)})
    other = resumed(turned.interventions.snapshot())
    assert other.told[-1].pinned == (TAUGHT_RANGE,)
    other.training.curriculum.overwrite(TAUGHT_RANGE, (-0.4, 0.4))
    assert other.told[-1] == CompetingWriterFound(TAUGHT_RANGE, WRITER, pinned=True)
    assert other.values[TAUGHT_RANGE] == (0.0, 1.0)
