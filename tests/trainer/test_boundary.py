"""Steering between two iterations, with a link made of lists."""

from __future__ import annotations

import math

import msgspec
import pytest

from tests.fake_training import ListLink
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import (
    Change,
    GuardFired,
    InterventionApplied,
    InterventionQueued,
    KnobsAvailable,
    PhaseChanged,
    Ramp,
    RampAdvanced,
)
from trainer_proc.contract.requests import Export, Pause, Resume, Save, Stop
from trainer_proc.knobs.live import LiveKnob, TrainingKnobs
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.interface import Actions, TrainingStopped
from trainer_proc.steering.knob_set import LaunchValueError
from trainer_proc.steering.ranks import OneProcess
from trainer_proc.steering.state import SteeringState


class Training:
    """A training whose simulator rounds weights to two decimals, and which records actions."""

    def __init__(self, ranks=None):
        self.weights = {"upright": 1.0, "effort": -0.5}
        self.link = ListLink()
        self.steering = Steering(self.link, ranks)
        self.done = []
        self.checkpoint = "model_0.pt"
        self.actions = Actions(
            save=lambda iteration: self.done.append(("save", iteration)),
            export=lambda iteration: self.done.append(("export", iteration)),
            reload=self.reload,
            reset_non_finite=self.renew,
        )

    def reload(self, newest, on_all_ranks):
        self.done.append(("reload", newest))
        return self.checkpoint

    def renew(self):
        self.done.append("renew")

    def begin(self, launch_values=None):
        knobs = [self.knob(name) for name in self.weights]
        self.steering.publish_knobs(TrainingKnobs(knobs, []), launch_values or {})
        self.steering.start_iterating(0)

    def knob(self, name):
        return LiveKnob(Knob(name, "reward", 0.0, 0.0, "next iteration", minimum=-10.0), *self.access(name))

    def access(self, name="upright"):
        """Return the knob of a weight."""

        def write(value):
            self.weights[name] = round(value, 2)

        return lambda: self.weights[name], write

    def boundary(self, *batches, after=3, metrics=None):
        """Reach a boundary with these orders queued; return what is published there."""
        self.link.batches.extend(batches)
        before = len(self.link.emitted)
        self.steering.at_boundary(after, metrics or {}, self.actions)
        return [untimed(body) for body in self.link.emitted[before:]]

    def stops(self, *batches, after=3):
        before = len(self.link.emitted)
        with pytest.raises(TrainingStopped):
            self.boundary(*batches, after=after)
        return [untimed(body) for body in self.link.emitted[before:]]


def untimed(body):
    """Return the body without `stall_ms`, which varies."""
    return msgspec.structs.replace(body, stall_ms=0.0) if isinstance(body, InterventionApplied) else body


@pytest.fixture
def training():
    training = Training()
    training.begin()
    training.link.emitted.clear()
    return training


def queued(number, **values):
    return InterventionQueued(number, "person", tuple(Change(name, 0.0, value) for name, value in values.items()), "n")


def test_knobs_are_published_with_their_values_as_they_are():
    training = Training()
    training.begin()
    offered = training.link.emitted[0]
    assert isinstance(offered, KnobsAvailable)
    assert [(knob.name, knob.value) for knob in offered.knobs[:2]] == [("upright", 1.0), ("effort", -0.5)]
    assert all(knob.name.startswith("guard/") for knob in offered.knobs[2:])
    assert training.link.emitted[1:] == [PhaseChanged("training")]


def test_a_change_is_applied_between_iterations_and_read_back(training):
    assert training.boundary([queued(1, upright=2.504)]) == [
        InterventionApplied(
            number=1, origin="person", iteration=4, revision=1, changes=(Change("upright", 1.0, 2.5),), note="n"
        )
    ]
    assert training.weights["upright"] == 2.5


def test_a_boundary_without_orders_changes_and_reports_nothing(training):
    assert training.boundary() == []
    assert training.link.waits == [0.0]
    assert training.done == []


def test_several_changes_are_applied_in_turn_at_one_boundary(training):
    applied = training.boundary([queued(1, upright=2.0, effort=-1.0), queued(2, upright=3.0)])
    assert [(body.number, body.iteration, body.revision) for body in applied] == [(1, 4, 1), (2, 4, 2)]
    assert applied[1].changes == (Change("upright", 2.0, 3.0),)
    assert training.weights == {"upright": 3.0, "effort": -1.0}
    assert training.boundary() == []


def test_launch_values_are_set_before_the_first_iteration():
    training = Training()
    training.begin({"upright": 4.0})
    offered, applied, phase = training.link.emitted
    assert offered.knobs[0].value == 1.0
    change = Change("upright", 1.0, 4.0)
    assert untimed(applied) == InterventionApplied(
        number=0, origin="launch", iteration=0, revision=1, changes=(change,), note="set at launch", when="now"
    )
    assert phase == PhaseChanged("training")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"uprigth": 1.0}, "no such knob: uprigth; nearest: upright"),
        ({"upright": 2.0, "effort": -11.0}, "effort: expected at least -10, got -11"),
        ({"upright": float("nan")}, "upright: expected a finite number, got nan"),
    ],
)
def test_a_launch_value_that_is_refused_stops_the_launch(values, reason):
    training = Training()
    with pytest.raises(LaunchValueError, match="^" + reason + "$"):
        training.begin(values)
    assert training.weights == {"upright": 1.0, "effort": -0.5}
    assert [type(body) for body in training.link.emitted] == [KnobsAvailable]


def test_a_pause_holds_the_training_until_it_is_resumed(training):
    assert training.boundary([Pause()], [], [], [Resume()]) == [
        PhaseChanged("paused", "after iteration 3"),
        PhaseChanged("training"),
    ]
    assert not training.link.batches
    assert all(wait > 0 for wait in training.link.waits[1:])
    assert training.boundary() == []


def test_a_pause_canceled_before_the_boundary_is_no_pause(training):
    assert training.boundary([Pause(), Resume()]) == []
    training.boundary([Resume(), Pause()], [Resume()])
    assert training.link.emitted[0].phase == "paused"


def test_changes_saves_and_exports_take_effect_while_paused(training):
    published = training.boundary([Pause()], [queued(1, upright=2.0)], [Save()], [Export()], [Resume()])
    assert [type(body).__name__ for body in published] == ["PhaseChanged", "InterventionApplied", "PhaseChanged"]
    assert published[1].iteration == 4
    assert training.done == [("save", 3), ("export", 3)]


def test_requesting_twice_saves_and_exports_once(training):
    training.boundary([Save(), Export(), Save(), Export()])
    assert training.done == [("save", 3), ("export", 3)]
    training.boundary()
    assert len(training.done) == 2


def test_a_stop_saves_first_and_then_ends(training):
    assert training.stops([Stop()]) == [PhaseChanged("stopping", "saving a checkpoint")]
    assert training.done == [("save", 3)]


def test_a_stop_while_paused_ends_the_pause(training):
    published = training.stops([Pause()], [], [Stop()])
    assert [body.phase for body in published] == ["paused", "stopping"]
    assert training.done == [("save", 3)]


def test_a_stop_still_applies_what_was_queued_before_it(training):
    applied, phase = training.stops([queued(1, upright=2.0), Export(), Stop(), Pause()])
    assert applied.number == 1
    assert phase.phase == "stopping"
    assert training.weights["upright"] == 2.0
    assert training.done == [("export", 3), ("save", 3)]


def test_a_signal_stops_at_the_next_boundary(training):
    training.steering.request_stop()
    training.stops()
    assert training.done == [("save", 3)]


def test_a_signal_ends_a_pause_without_a_resume(training):
    training.link.on_wait = training.steering.request_stop
    assert [body.phase for body in training.stops([Pause()])] == ["paused", "stopping"]


def test_a_checkpoint_that_can_not_be_saved_is_no_clean_stop(training):
    def fail(iteration):
        raise OSError("no space")

    training.actions = Actions(
        save=fail, export=training.actions.export, reload=training.reload, reset_non_finite=training.renew
    )
    training.link.batches.append([Stop()])
    with pytest.raises(OSError, match="no space"):
        training.boundary()


def test_a_phase_is_published_once_and_keeps_the_count_of_kernel_modules(training):
    training.steering.kernel_module_loaded("smooth from the cache", 3)
    training.steering.kernel_module_loaded("smooth from the cache", 3)
    training.steering.enter("training")
    training.steering.enter("training")
    assert training.link.emitted == [
        PhaseChanged("compiling", "smooth from the cache", 3),
        PhaseChanged("training", "", 3),
    ]


def test_a_stop_is_no_exception_that_a_library_could_swallow():
    assert not issubclass(TrainingStopped, Exception)


def test_a_run_that_has_ended_does_nothing_at_boundaries_any_more(training):
    training.steering.request_stop()
    training.steering.retire()
    assert training.boundary([Pause(), queued(1, upright=2.0)], metrics=NAN) == []
    training.steering.start_iterating(0)
    assert training.link.emitted == []


# --- Resuming ---------------------------------------------------------------------------------------------


def test_what_a_checkpoint_carried_is_set_before_launch_values():
    training = Training()
    knobs = TrainingKnobs([training.knob(name) for name in training.weights], [])
    training.steering.publish_knobs(knobs, {"upright": 4.0})
    training.steering.resume_from(SteeringState({"upright": 2.0, "effort": -1.0}), "model_8.pt")
    training.steering.start_iterating(9)
    _, restored, launched, _ = training.link.emitted
    assert (restored.origin, restored.note, restored.iteration) == ("checkpoint", "continues from model_8.pt", 9)
    assert (launched.origin, launched.changes) == ("launch", (Change("upright", 2.0, 4.0),))
    assert training.weights == {"upright": 4.0, "effort": -1.0}


def test_values_that_loading_a_checkpoint_has_changed_are_reported():
    training = Training()
    training.steering.publish_knobs(TrainingKnobs([training.knob("upright")], []), {})
    training.weights["upright"] = 0.25  # as the optimizer restores its learning rate
    training.steering.start_iterating(9)
    assert training.link.emitted[1] == RampAdvanced(9, 1, (Change("upright", 1.0, 0.25),), {})


def test_a_knob_on_the_same_value_as_another_that_is_changed_is_reported_too():
    training = Training()
    both = [LiveKnob(Knob(n, "reward", 1.0, 1.0, "next iteration"), *training.access()) for n in ("one", "other")]
    training.steering.publish_knobs(TrainingKnobs(both, []), {})
    training.steering.start_iterating(0)
    training.link.emitted.clear()
    applied, moved = training.boundary([queued(1, one=2.0)])
    assert applied.changes == (Change("one", 1.0, 2.0),)
    assert (moved.changes, moved.iteration) == ((Change("other", 1.0, 2.0),), 4)


# --- Ramps ------------------------------------------------------------------------------------------------


def test_ramps_move_at_every_boundary_before_what_is_queued_there(training):
    ramped = msgspec.structs.replace(queued(1, upright=2.0), ramp=Ramp(4))
    training.boundary([ramped], after=3)
    (step,) = training.boundary(after=4)
    assert (step.iteration, step.changes) == (5, (Change("upright", 1.25, 1.5),))
    step, applied = training.boundary([queued(2, upright=0.0)], after=5)
    assert (step.changes[0].new, applied.changes[0].old, applied.revision) == (1.75, 1.75, 4)
    assert training.boundary(after=6) == []


def test_ramps_hold_while_the_training_is_paused(training):
    training.boundary([msgspec.structs.replace(queued(1, upright=2.0), ramp=Ramp(4))])
    training.boundary([Pause()], [], [], [], [Resume()])
    assert training.weights["upright"] == 1.5


# --- Guards -----------------------------------------------------------------------------------------------

NAN = {"Loss/value": math.nan}


def arm(training, **knobs):
    """Set knobs of the guard against NaN, such as `mode="act"`, and clear the records."""
    changes = tuple(Change(f"guard/not_finite/{name}", "", value) for name, value in knobs.items())
    training.boundary([InterventionQueued(90, "person", changes)], after=0)
    training.link.emitted.clear()
    training.done.clear()


def test_a_guard_warns_and_training_continues(training):
    assert training.boundary(metrics=NAN) == [GuardFired("not_finite", 3, "Loss/value is nan", "warned")]
    assert training.boundary(metrics=NAN) == []


def test_a_guard_may_pause_the_training_until_it_is_resumed(training):
    arm(training, mode="act", action="pause")
    fired, paused, resumed = training.boundary([], [], [Resume()], metrics=NAN)
    assert fired == GuardFired("not_finite", 3, "Loss/value is nan", "paused")
    assert paused == PhaseChanged("paused", "guard not_finite: Loss/value is nan")
    assert resumed == PhaseChanged("training")


def test_a_guard_may_undo_the_last_change_with_the_weights_from_before_it(training):
    arm(training, mode="act")
    training.boundary([queued(1, upright=2.0)], after=3)
    assert training.done == [("save", 3)]  # the checkpoint from before the change
    training.boundary([queued(2, upright=3.0, effort=-1.0)], after=4)
    training.boundary(after=5)
    undone, fired = training.boundary(after=6, metrics=NAN)
    assert training.weights == {"upright": 2.0, "effort": -0.5}
    assert training.done[-2:] == [("reload", 4), "renew"]
    assert (undone.origin, undone.undoes, undone.number, undone.iteration) == ("guard", 2, 0, 7)
    assert undone.note == f"Loss/value is nan; {training.checkpoint} loaded"
    assert fired.action == "undone"
    assert fired.message == "Loss/value is nan; #2 undone, model_0.pt loaded"


def test_a_guard_that_acts_has_a_checkpoint_saved_before_each_intervention_and_no_other(training):
    training.boundary([queued(1, upright=2.0)])
    assert training.done == []
    arm(training, mode="act")
    training.boundary()
    assert training.done == []
    training.boundary([queued(2, upright=3.0), queued(3, upright=4.0)], after=8)
    assert training.done == [("save", 8)]


def test_with_nothing_to_undo_a_guard_pauses(training):
    arm(training, mode="act")
    training.boundary([queued(1, upright=2.0)], after=3)
    training.boundary(after=4, metrics=NAN)
    training.boundary(after=5, metrics={"Loss/value": 1.0})
    fired, paused, _ = training.boundary([], [Resume()], after=6, metrics=NAN)
    assert fired.action == "paused"
    assert "guard not_finite: Loss/value is nan" in paused.detail


def test_a_guard_that_may_act_does_not_undo_that(training):
    arm(training, mode="act")
    fired, _, _ = training.boundary([], [Resume()], metrics=NAN)
    assert fired.action == "paused"
    assert training.steering.guards.may_undo


def test_without_a_checkpoint_to_reload_a_guard_pauses_and_changes_nothing(training):
    arm(training, mode="act")
    training.boundary([queued(1, upright=2.0)], after=3)
    training.checkpoint = None
    fired, paused, _ = training.boundary([], [Resume()], after=4, metrics=NAN)
    assert fired == GuardFired("not_finite", 4, "Loss/value is nan; no checkpoint to return to", "paused")
    assert paused.phase == "paused"
    assert training.weights["upright"] == 2.0


def test_an_intervention_that_the_user_has_undone_is_not_undone_twice(training):
    arm(training, mode="act")
    training.boundary([queued(1, upright=2.0)], after=3)
    training.boundary([msgspec.structs.replace(queued(2, upright=1.0), undoes=1)], after=4)
    fired, _, _ = training.boundary([], [Resume()], after=5, metrics=NAN)
    assert fired.action == "paused"


def test_a_drop_is_measured_from_the_last_intervention(training):
    before, after = {"Train/mean_reward": 10.0}, {"Train/mean_reward": 5.0}
    training.boundary(metrics=before)
    assert training.boundary(metrics=after) == []
    training.boundary([queued(1, upright=2.0)], metrics=before)
    (fired,) = training.boundary(metrics=after)
    assert (fired.guard, fired.action) == ("reward", "warned")


# --- Several ranks ----------------------------------------------------------------------------------------


class OtherRank(OneProcess):
    """Rank 1: receives what rank 0 has shared, not its own orders."""

    rank = 1

    def __init__(self):
        self.shared = []
        self.others_fail = False

    def share(self, orders):
        return self.shared.pop(0) if self.shared else []

    def all(self, is_so):
        return is_so and not self.others_fail


def test_a_rank_above_0_does_what_rank_0_shares_and_nothing_of_its_own():
    ranks = OtherRank()
    training = Training(ranks)
    training.begin()
    training.steering.request_stop()
    training.boundary([Stop(), queued(1, upright=9.0)], metrics=NAN)
    assert training.weights["upright"] == 1.0
    ranks.shared = [[queued(1, upright=2.0)]]
    (applied,) = training.boundary()
    assert applied.changes == (Change("upright", 1.0, 2.0),)
    ranks.shared = [[Stop()]]
    training.stops()


def test_what_another_rank_rejects_is_applied_by_none():
    ranks = OtherRank()
    training = Training(ranks)
    training.begin()
    ranks.others_fail = True
    ranks.shared = [[queued(1, upright=2.0, effort=-1.0)]]
    (failed,) = training.boundary()
    assert failed.reason == "another training process could not apply it"
    assert training.weights == {"upright": 1.0, "effort": -0.5}
