"""What happens between two iterations, with a wire made of lists."""

from __future__ import annotations

from collections import deque

import pytest

from trainer_proc.knobs.live import LiveKnob
from trainer_proc.steering import Actions, Steering, TrainingStopped
from trainer_proc.wire.messages import (
    Change,
    Export,
    InterventionApplied,
    InterventionQueued,
    Knob,
    KnobsAvailable,
    Pause,
    PhaseChanged,
    Resume,
    Save,
    Stop,
)


class ListLink:
    """Hands out one batch of orders for each look, and keeps what is emitted."""

    def __init__(self):
        self.batches = deque()
        self.emitted = []
        self.waits = []
        self.on_wait = lambda: None

    def emit(self, body):
        self.emitted.append(body)

    def receive(self, timeout_seconds=0.0):
        self.waits.append(timeout_seconds)
        if timeout_seconds:
            self.on_wait()
        return self.batches.popleft() if self.batches else []


class Training:
    """A training whose simulator keeps weights to two decimals, and which records what is done."""

    def __init__(self):
        self.weights = {"upright": 1.0, "effort": -0.5}
        self.link = ListLink()
        self.steering = Steering(self.link)
        self.done = []
        self.actions = Actions(
            save=lambda iteration: self.done.append(("save", iteration)),
            export=lambda iteration: self.done.append(("export", iteration)),
        )

    def begin(self, launch_values=None):
        self.steering.offer([self.knob(name) for name in self.weights], launch_values or {})
        self.steering.start_iterating(0)

    def knob(self, name):
        def write(value):
            self.weights[name] = round(value, 2)

        description = Knob(name, "reward", 0.0, 0.0, "next iteration", minimum=-10.0)
        return LiveKnob(description, lambda: self.weights[name], write)

    def boundary(self, *batches, after=3):
        """Reach the end of an iteration while these orders are waiting; return what was published there."""
        self.link.batches.extend(batches)
        before = len(self.link.emitted)
        self.steering.at_boundary(after, self.actions)
        return self.link.emitted[before:]

    def stops(self, *batches, after=3):
        before = len(self.link.emitted)
        with pytest.raises(TrainingStopped):
            self.boundary(*batches, after=after)
        return self.link.emitted[before:]


@pytest.fixture
def training():
    training = Training()
    training.begin()
    training.link.emitted.clear()
    return training


def queued(number, **values):
    return InterventionQueued(number, "person", tuple(Change(name, 0.0, value) for name, value in values.items()), "n")


def test_knobs_are_offered_with_their_values_as_they_are():
    training = Training()
    training.begin()
    offered = training.link.emitted[0]
    assert isinstance(offered, KnobsAvailable)
    assert [(knob.name, knob.value) for knob in offered.knobs] == [("upright", 1.0), ("effort", -0.5)]
    assert training.link.emitted[1:] == [PhaseChanged("training")]


def test_a_change_is_applied_between_iterations_and_read_back(training):
    assert training.boundary([queued(1, upright=2.504)]) == [
        InterventionApplied(1, "person", 4, 1, (Change("upright", 1.0, 2.5),), "n")
    ]
    assert training.weights["upright"] == 2.5


def test_a_boundary_without_orders_changes_and_says_nothing(training):
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
    assert applied == InterventionApplied(0, "launch", 0, 1, (Change("upright", 1.0, 4.0),), "set at launch")
    assert phase == PhaseChanged("training")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"uprigth": 1.0}, "there is no knob uprigth; nearest: upright"),
        ({"upright": 2.0, "effort": -11.0}, "effort must be at least -10, not -11"),
        ({"upright": float("nan")}, "upright must be a finite number, not nan"),
    ],
)
def test_a_launch_value_that_is_refused_stops_the_launch(values, reason):
    training = Training()
    with pytest.raises(ValueError, match="^" + reason + "$"):
        training.begin(values)
    assert training.weights == {"upright": 1.0, "effort": -0.5}
    assert training.link.emitted == []


def test_a_pause_holds_the_training_until_it_is_resumed(training):
    assert training.boundary([Pause()], [], [], [Resume()]) == [
        PhaseChanged("paused", "after iteration 3"),
        PhaseChanged("training"),
    ]
    assert not training.link.batches
    assert all(wait > 0 for wait in training.link.waits[1:])
    assert training.boundary() == []


def test_a_pause_taken_back_before_the_boundary_is_no_pause(training):
    assert training.boundary([Pause(), Resume()]) == []
    training.boundary([Resume(), Pause()], [Resume()])
    assert training.link.emitted[0].phase == "paused"


def test_changes_saves_and_exports_take_effect_while_paused(training):
    published = training.boundary([Pause()], [queued(1, upright=2.0)], [Save()], [Export()], [Resume()])
    assert [type(body).__name__ for body in published] == ["PhaseChanged", "InterventionApplied", "PhaseChanged"]
    assert published[1].iteration == 4
    assert training.done == [("save", 3), ("export", 3)]


def test_asking_twice_saves_and_exports_once(training):
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


def test_a_signal_ends_a_pause_with_nobody_there_to_resume(training):
    training.link.on_wait = training.steering.request_stop
    assert [body.phase for body in training.stops([Pause()])] == ["paused", "stopping"]


def test_a_checkpoint_that_can_not_be_saved_is_no_clean_stop(training):
    def fail(iteration):
        raise OSError("no space")

    training.actions = Actions(save=fail, export=training.actions.export)
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
