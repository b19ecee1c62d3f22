"""Undo and redo of any change, before and after it takes effect."""

from __future__ import annotations

import pytest

from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import (
    Change,
    InterventionApplied,
    InterventionFailed,
    InterventionQueued,
    KnobsAvailable,
    PhaseChanged,
    Ramp,
)
from trainer_proc.contract.requests import Redo, Refused, StopRamp, Tune, Undo, Unpin
from trainer_proc.contract.undo_history import UndoHistory
from trainer_proc.wire.request_validator import RequestValidator

SPEED, WEIGHT, TAUGHT = "command/twist/lin_vel_x", "reward/upright/weight", "reward/effort/weight"
KNOBS = (
    Knob(SPEED, "command", (-1.0, 1.0), (-1.0, 1.0), "at the next command", type="range"),
    Knob(WEIGHT, "reward", 1.0, 1.0, "next iteration", minimum=0.5),
    Knob(TAUGHT, "reward", 1.0, 1.0, "next iteration", competing_writer="curriculum term effort"),
)


class Wire:
    """A validator with a trainer that applies queued interventions as requested."""

    def __init__(self):
        self.validator = RequestValidator()
        self.validator.observe(KnobsAvailable(0, KNOBS))
        self.validator.observe(PhaseChanged("training"))
        self.values = {knob.name: knob.value for knob in KNOBS}
        self.pinned = set()

    def ask(self, command):
        queued = self.validator.answer(command)
        assert isinstance(queued, InterventionQueued), queued
        return queued

    def refused(self, command):
        answer = self.validator.answer(command)
        assert isinstance(answer, Refused), answer
        assert len(answer.reason.splitlines()) == 1
        return answer.reason

    def apply(self, queued, curriculum_value=5.0):
        """Apply a queued intervention; a ramp takes its first step."""
        named = {change.knob for change in queued.changes}
        asked = {change.knob: change.new for change in queued.changes}
        asked |= {name: self.values[name] for name in queued.unpin if name not in named}
        taken = {name: self.first_step(name, new, queued.ramp) for name, new in asked.items()}
        pinned = tuple(n for n in taken if n == TAUGHT and n not in queued.unpin and n not in self.pinned)
        unpinned = tuple(n for n in queued.unpin if n in self.pinned)
        taken |= dict.fromkeys(unpinned, curriculum_value)
        self.pinned = (self.pinned | set(pinned)) - set(unpinned)
        changes = tuple(Change(name, self.values[name], new) for name, new in taken.items())
        self.values |= taken
        applied = InterventionApplied(
            queued.number,
            queued.origin,
            3,
            queued.revision,
            changes,
            when=queued.when,
            ramp=None if queued.ramp is None else Ramp(queued.ramp.iterations, queued.ramp.shape, asked),
            pinned=pinned,
            unpinned=unpinned,
            undoes=queued.undoes,
            redoes=queued.redoes,
        )
        return self.validator.observe(applied)

    def first_step(self, name, target, ramp):
        if ramp is None or isinstance(target, tuple):
            return target
        return self.values[name] + (target - self.values[name]) / ramp.iterations

    def do(self, command):
        return self.apply(self.ask(command))


@pytest.fixture
def wire():
    return Wire()


def test_undo_takes_the_newest_and_then_the_one_before_it(wire):
    wire.do(Tune({WEIGHT: 2.0}))
    wire.do(Tune({WEIGHT: 3.0, SPEED: (-2.0, 2.0)}))
    assert wire.do(Undo()).undoes == 2
    assert wire.values == {WEIGHT: 2.0, SPEED: (-1.0, 1.0), TAUGHT: 1.0}
    assert wire.do(Undo()).undoes == 1
    assert wire.values[WEIGHT] == 1.0
    assert wire.refused(Undo()) == "there is nothing to undo"


def test_any_intervention_can_be_undone_by_its_number(wire):
    wire.do(Tune({WEIGHT: 2.0}))
    wire.do(Tune({SPEED: (-2.0, 2.0)}))
    undo = wire.do(Undo(1))
    assert (undo.number, undo.undoes) == (3, 1)
    assert wire.values == {WEIGHT: 1.0, SPEED: (-2.0, 2.0), TAUGHT: 1.0}
    assert wire.do(Undo()).undoes == 2


def test_an_undo_is_itself_requested_by_a_user_with_a_note(wire):
    wire.do(Tune({WEIGHT: 2.0}))
    undo = wire.ask(Undo(note="too much"))
    assert undo == InterventionQueued(
        number=2, origin="person", changes=(Change(WEIGHT, 2.0, 1.0),), note="too much", revision=2, undoes=1
    )


def test_what_is_undone_can_not_be_undone_twice(wire):
    wire.do(Tune({WEIGHT: 2.0}))
    wire.do(Undo(1))
    assert wire.refused(Undo(1)) == "#1 is already undone; use redo to apply it again"
    assert wire.refused(Undo()) == "there is nothing to undo"


def test_undo_requested_twice_before_the_next_iteration_undoes_two(wire):
    for value in (2.0, 3.0, 4.0):
        wire.do(Tune({WEIGHT: value}))
    queued = [wire.ask(Undo()), wire.ask(Undo())]
    assert [body.undoes for body in queued] == [3, 2]
    assert "already undone" in wire.refused(Undo(3))
    for body in queued:
        wire.apply(body)
    assert wire.values[WEIGHT] == 2.0


def test_redo_requested_twice_before_the_next_iteration_redoes_two(wire):
    for value in (2.0, 3.0):
        wire.do(Tune({WEIGHT: value}))
    for _ in range(2):
        wire.do(Undo())
    queued = [wire.ask(Redo()), wire.ask(Redo())]
    assert [body.redoes for body in queued] == [1, 2]
    for body in queued:
        wire.apply(body)
    assert wire.values[WEIGHT] == 3.0
    assert wire.refused(Redo()) == "there is nothing to redo"


def test_what_has_not_taken_effect_yet_can_not_be_undone_and_nothing_older_is_in_its_place(wire):
    wire.do(Tune({WEIGHT: 2.0}))
    waiting = wire.ask(Tune({WEIGHT: 3.0}))
    for undo in (Undo(), Undo(2)):
        assert wire.refused(undo) == "#2 is queued for the next iteration; undo it once it is applied"
    wire.apply(waiting)
    assert wire.do(Undo()).undoes == 2
    assert wire.values[WEIGHT] == 2.0


def test_what_could_not_be_applied_can_not_be_undone(wire):
    wire.do(Tune({WEIGHT: 2.0}))
    failed = wire.ask(Tune({WEIGHT: 3.0}))
    wire.validator.observe(InterventionFailed(failed.number, 4, "RuntimeError: no"))
    assert wire.refused(Undo(2)) == "#2 was never applied"
    assert wire.ask(Undo()).undoes == 1


def test_an_undo_that_could_not_be_applied_can_be_requested_again(wire):
    wire.do(Tune({WEIGHT: 2.0}))
    undo = wire.ask(Undo())
    wire.validator.observe(InterventionFailed(undo.number, 4, "RuntimeError: no"))
    assert wire.ask(Undo()).undoes == 1


@pytest.mark.parametrize("command", [Undo(7), Redo(7), Undo(0), Undo(-1)])
def test_what_never_was_can_neither_be_undone_nor_redone(wire, command):
    assert "there are none yet" in wire.refused(command)
    wire.do(Tune({WEIGHT: 2.0}))
    assert f"no such change: #{command.intervention}; there are #1 to #1" in wire.refused(command)


def test_redo_brings_back_what_was_undone_last(wire):
    wire.do(Tune({WEIGHT: 2.0}))
    wire.do(Tune({SPEED: (-2.0, 2.0)}))
    wire.do(Undo())
    wire.do(Undo())
    assert wire.do(Redo()).redoes == 1
    assert wire.values == {WEIGHT: 2.0, SPEED: (-1.0, 1.0), TAUGHT: 1.0}
    assert wire.do(Redo(2)).redoes == 2
    assert wire.values[SPEED] == (-2.0, 2.0)


def test_only_what_is_undone_can_be_redone(wire):
    assert wire.refused(Redo()) == "there is nothing to redo"
    wire.do(Tune({WEIGHT: 2.0}))
    assert wire.refused(Redo(1)) == "#1 is not undone; there is nothing to redo"
    wire.do(Undo())
    wire.do(Redo())
    assert wire.refused(Redo()) == "there is nothing to redo"


def test_what_was_redone_can_be_undone_again(wire):
    wire.do(Tune({WEIGHT: 2.0}))
    for _ in range(3):
        assert wire.do(Undo()).undoes == 1
        assert wire.values[WEIGHT] == 1.0
        assert wire.do(Redo()).redoes == 1
        assert wire.values[WEIGHT] == 2.0


def test_an_undo_that_is_undone_leaves_what_it_undid_in_force(wire):
    wire.do(Tune({WEIGHT: 2.0}))
    wire.do(Undo())
    wire.do(Undo(2))
    assert wire.values[WEIGHT] == 2.0
    assert "1 is not undone" in wire.refused(Redo(1))
    assert wire.do(Undo()).undoes == 1  # in force, so it can be undone
    assert wire.values[WEIGHT] == 1.0


def test_a_redo_that_is_undone_leaves_what_it_redid_undone(wire):
    wire.do(Tune({WEIGHT: 2.0}))
    wire.do(Undo())
    wire.do(Redo())
    wire.do(Undo(3))
    assert wire.values[WEIGHT] == 1.0
    assert "#1 is already undone" in wire.refused(Undo(1))
    wire.do(Redo(1))
    assert wire.values[WEIGHT] == 2.0


def test_undo_of_a_ramp_goes_back_to_where_it_began_and_redo_ramps_again(wire):
    ramp = wire.do(Tune({WEIGHT: 3.0}, ramp=Ramp(4)))
    assert (wire.values[WEIGHT], ramp.ramp.targets) == (1.5, {WEIGHT: 3.0})
    undo = wire.ask(Undo())
    assert undo.ramp is None
    wire.apply(undo)
    assert wire.values[WEIGHT] == 1.0
    redo = wire.ask(Redo())
    assert redo.changes[0].new == 3.0
    assert (redo.ramp.iterations, redo.ramp.shape) == (4, "linear")
    wire.apply(redo)
    assert wire.values[WEIGHT] == 1.5


def test_a_geometric_ramp_that_would_begin_below_zero_now_can_not_be_redone(wire):
    wire.do(Tune({TAUGHT: 8.0}, ramp=Ramp(3, "geometric")))
    wire.do(Undo())
    wire.do(Tune({TAUGHT: -1.0}))
    assert "positive values at both ends" in wire.refused(Redo())


def test_undo_gives_back_what_was_pinned_and_redo_pins_it_again(wire):
    wire.do(Tune({TAUGHT: 2.0}))
    assert wire.pinned == {TAUGHT}
    undo = wire.do(Undo())
    assert undo.unpinned == (TAUGHT,)
    assert wire.values[TAUGHT] == 5.0  # written by the curriculum
    redo = wire.do(Redo())
    assert redo.pinned == (TAUGHT,)
    assert wire.values[TAUGHT] == 2.0


def test_a_change_that_only_pinned_can_be_undone(wire):
    wire.do(Tune({TAUGHT: 1.0}))
    assert wire.pinned == {TAUGHT}
    wire.do(Undo())
    assert wire.pinned == set()


def test_giving_a_knob_back_can_be_undone_and_redone(wire):
    wire.do(Tune({TAUGHT: 2.0}))
    wire.do(Unpin((TAUGHT,)))
    assert (wire.values[TAUGHT], wire.pinned) == (5.0, set())
    assert wire.do(Undo()).undoes == 2
    assert (wire.values[TAUGHT], wire.pinned) == (2.0, {TAUGHT})
    assert wire.do(Redo()).redoes == 2
    assert (wire.values[TAUGHT], wire.pinned) == (5.0, set())


def test_stopping_a_ramp_changes_no_value_that_could_be_set_back(wire):
    wire.do(Tune({WEIGHT: 3.0}, ramp=Ramp(4)))
    wire.do(StopRamp((WEIGHT,)))
    assert wire.refused(Undo(2)) == "#2 changed no value; there is nothing to undo"
    assert wire.ask(Undo()).undoes == 1


def test_undo_may_leave_the_bounds_that_a_value_was_outside_of_from_the_beginning(wire):
    narrow = Knob("reward/early/weight", "reward", -1.0, -1.0, "next iteration", minimum=0.0)
    wire.validator.observe(KnobsAvailable(0, (*KNOBS, narrow)))
    wire.values[narrow.name] = -1.0
    wire.do(Tune({narrow.name: 1.0}))
    wire.do(Undo())
    assert wire.values[narrow.name] == -1.0


def test_an_intervention_of_the_trainer_s_own_can_be_undone_too(wire):
    own = InterventionApplied(0, "guard", 3, 0, (Change(WEIGHT, 1.0, 2.0),))
    number = wire.validator.observe(own).number
    wire.values[WEIGHT] = 2.0
    assert wire.do(Undo()).undoes == number
    assert wire.values[WEIGHT] == 1.0


def test_a_journal_whose_numbers_repeat_ends_no_reader():
    history = UndoHistory()
    for undoes in (None, 1):  # the second change of this number undoes itself
        history.applied(InterventionApplied(1, "person", 10, 1, (Change(WEIGHT, 1.0, 2.0),), undoes=undoes))
    assert history.undone == {1}
