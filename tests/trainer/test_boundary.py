"""Steering between two iterations, with a link made of lists."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from tests.trainer.recorded_training import NAN, Training, queued, untimed
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import Change, InterventionApplied, KnobsAvailable, PhaseChanged, Ramp, RampAdvanced
from trainer_proc.contract.requests import Export, Pause, Resume, Save, Stop
from trainer_proc.knobs.live import LiveKnob, TrainingKnobs
from trainer_proc.steering.interface import TrainingStopped
from trainer_proc.steering.knob_set import LaunchValueError
from trainer_proc.steering.state import SteeringState


@pytest.fixture
def training():
    training = Training()
    training.begin()
    training.link.emitted.clear()
    return training


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


def test_launch_values_keep_the_reason_of_their_launch():
    training = Training()
    training.steering.launch_note = "copied from m03 at iteration 400"
    training.begin({"upright": 4.0})
    (applied,) = [body for body in training.link.emitted if isinstance(body, InterventionApplied)]
    assert applied.note == "copied from m03 at iteration 400"


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

    training.actions = replace(training.actions, save=fail)
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
