"""What is known of a run from its frames, live, ended or killed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from trainer_proc.contract.codec import pack_values
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import (
    Change,
    Frame,
    InterventionApplied,
    InterventionFailed,
    InterventionQueued,
    IterationFinished,
    KnobsAvailable,
    MetricSet,
    PhaseChanged,
    Ramp,
    RampAdvanced,
    RunStarted,
)
from trainer_proc.contract.monitoring import CompetingWriterFound, TrainerStalled
from trainer_proc.contract.products import (
    CheckpointLoaded,
    CheckpointSaved,
    ExportFailed,
    ExportFinished,
    ExportStarted,
)
from tui.session.knob_states import RampState
from tui.session.state import RunState

RECORDINGS = Path(__file__).parents[1] / "recordings"
STALLED = TrainerStalled(45.0, "waits")
STARTED = RunStarted(
    run="run", preset="cartpole", backend="mjlab", task="task", device="cpu", num_envs=4, iterations=10, seed=42, pid=1
)
KNOBS = KnobsAvailable(
    0,
    (
        Knob("upright", "reward", 1.0, 1.0, "next iteration"),
        Knob("effort", "reward", -0.5, -0.1, "next iteration"),
    ),
)


def after(*bodies):
    state = RunState()
    for number, body in enumerate(bodies):
        state.apply(Frame(number, 1e9 + number, body))
    return state


def queued(number, **values):
    return InterventionQueued(number, "person", tuple(Change(name, 1.0, value) for name, value in values.items()))


def applied(number, **values):
    changes = tuple(Change(name, 1.0, value) for name, value in values.items())
    return InterventionApplied(number, "person", 5, number, changes)


@pytest.mark.parametrize(
    ("bodies", "is_alive", "status"),
    [
        ([], True, "starting"),
        ([], False, "starting"),
        ([STARTED], True, "starting"),
        ([STARTED], False, "killed"),
        ([STARTED, PhaseChanged("building", "loading")], True, "building"),
        ([STARTED, PhaseChanged("training")], True, "training"),
        ([STARTED, PhaseChanged("paused", "after iteration 3")], True, "paused"),
        ([STARTED, PhaseChanged("training")], False, "killed"),
        ([STARTED, PhaseChanged("training"), STALLED], True, "stalled"),
        ([STARTED, PhaseChanged("training"), STALLED], False, "killed"),
        ([STARTED, PhaseChanged("training"), STALLED, IterationFinished(3, 0, b"", 96, 1.0)], True, "training"),
        ([STARTED, PhaseChanged("training"), STALLED, PhaseChanged("paused")], True, "paused"),
        ([STARTED, PhaseChanged("finished")], True, "finished"),
        ([STARTED, PhaseChanged("finished", "stopped")], False, "stopped"),
        ([STARTED, PhaseChanged("failed", "no space")], False, "failed"),
        ([STARTED, PhaseChanged("failed", "no space"), STARTED], True, "starting"),
        ([STARTED, PhaseChanged("finished"), STARTED, PhaseChanged("training")], True, "training"),
    ],
)
def test_the_status_says_where_a_run_is_or_how_it_ended(bodies, is_alive, status):
    assert after(*bodies).status(is_alive) == status


def test_a_knob_shows_its_value_and_whether_it_was_changed():
    knobs = after(STARTED, KNOBS).knobs
    assert list(knobs) == ["upright", "effort"]
    assert [(knob.value, knob.is_changed) for knob in knobs.values()] == [(1.0, False), (-0.5, True)]


def test_a_change_is_pending_until_it_is_applied():
    waiting = after(STARTED, KNOBS, queued(1, upright=2.0)).knobs["upright"]
    assert (waiting.value, waiting.pending, waiting.applied_at) == (1.0, 2.0, None)
    done = after(STARTED, KNOBS, queued(1, upright=2.0), applied(1, upright=2.0))
    knob = done.knobs["upright"]
    assert (knob.value, knob.pending, knob.applied_at) == (2.0, None, 5)
    assert done.revision == 1
    assert done.interventions[1].changes == (Change("upright", 1.0, 2.0),)


def test_a_second_change_stays_pending_when_the_first_is_applied():
    frames = [STARTED, KNOBS, queued(1, upright=2.0), queued(2, upright=3.0), applied(1, upright=2.0)]
    knob = after(*frames).knobs["upright"]
    assert (knob.value, knob.pending) == (2.0, 3.0)
    assert after(*frames, applied(2, upright=3.0)).knobs["upright"].pending is None


def test_asking_for_the_same_value_twice_is_pending_until_the_second_is_applied():
    frames = [STARTED, KNOBS, queued(1, upright=2.0), queued(2, upright=2.0), applied(1, upright=2.0)]
    assert after(*frames).knobs["upright"].pending == 2.0


def test_nothing_is_pending_when_the_simulator_rounded_what_was_asked_for():
    knob = after(STARTED, KNOBS, queued(1, upright=0.1), applied(1, upright=0.10000000149)).knobs["upright"]
    assert (knob.value, knob.pending) == (0.10000000149, None)


def test_a_change_by_the_trainer_itself_needs_no_queue():
    state = after(STARTED, KNOBS, applied(1, effort=-1.0))
    assert state.knobs["effort"].value == -1.0
    assert state.knobs["upright"].applied_at is None


def test_a_change_that_failed_is_kept_and_nothing_waits_for_it():
    state = after(STARTED, KNOBS, queued(1, upright=2.0), InterventionFailed(1, 5, "ValueError: no"))
    assert (state.knobs["upright"].value, state.knobs["upright"].pending) == (1.0, None)
    assert (state.failed[1].reason, state.queued[1].changes[0].new) == ("ValueError: no", 2.0)
    assert state.interventions == {}


def test_a_ramp_moves_the_value_until_it_arrives():
    ramp = Ramp(3, "geometric", {"upright": 8.0})
    frames = [STARTED, KNOBS, replace(applied(1, upright=2.0), ramp=ramp)]
    knob = after(*frames).knobs["upright"]
    assert (knob.value, knob.ramp) == (2.0, RampState(8.0, "geometric", 2))
    frames.append(RampAdvanced(6, 2, (Change("upright", 2.0, 4.0),), {"upright": 1}))
    knob = after(*frames).knobs["upright"]
    assert (knob.value, knob.ramp) == (4.0, RampState(8.0, "geometric", 1))
    frames.append(RampAdvanced(7, 3, (Change("upright", 4.0, 8.0),), {"upright": 0}))
    state = after(*frames)
    assert (state.knobs["upright"].value, state.knobs["upright"].ramp, state.revision) == (8.0, None, 3)
    assert state.knobs["upright"].applied_at == 5  # a step is no intervention


def test_a_change_or_a_stop_ends_a_ramp():
    ramping = replace(applied(1, upright=2.0), ramp=Ramp(3, "linear", {"upright": 8.0}))
    assert after(STARTED, KNOBS, ramping, applied(2, upright=3.0)).knobs["upright"].ramp is None
    stopped = InterventionApplied(2, "person", 6, 2, (), stopped_ramps=("upright",))
    knob = after(STARTED, KNOBS, ramping, stopped).knobs["upright"]
    assert (knob.ramp, knob.value) == (None, 2.0)


def test_a_knob_is_pinned_against_what_else_writes_it_until_it_is_given_back():
    found = CompetingWriterFound("upright", "curriculum term x", pinned=False)
    assert after(STARTED, KNOBS, found).knobs["upright"].knob.competing_writer == "curriculum term x"
    pinned = replace(applied(1, upright=2.0), pinned=("upright",))
    assert after(STARTED, KNOBS, found, pinned).knobs["upright"].knob.pinned
    given_back = replace(applied(2, upright=1.5), unpinned=("upright",))
    knob = after(STARTED, KNOBS, found, pinned, given_back).knobs["upright"]
    assert (knob.knob.pinned, knob.value) == (False, 1.5)


def test_a_resumed_run_counts_on():
    state = after(
        STARTED, CheckpointLoaded(80, "model_79.pt"), MetricSet(0, ()), IterationFinished(84, 0, b"", 96, 1.0)
    )
    assert (state.first_iteration, state.last_iteration, state.progress) == (80, 89, 0.5)


def test_metrics_are_named_by_the_set_of_their_iteration():
    state = after(
        STARTED,
        MetricSet(0, ("loss",)),
        IterationFinished(0, 0, pack_values([1.0]), 96, 20.0),
        MetricSet(1, ("loss", "reward")),
        IterationFinished(1, 1, pack_values([0.5, 3.0]), 192, 18.0),
        IterationFinished(2, 0, pack_values([0.25]), 288, 16.0),
    )
    assert state.latest == {"loss": 0.25, "reward": 3.0}
    assert (state.iteration, state.environment_steps, state.seconds_left) == (2, 288, 16.0)
    assert state.progress == 0.3
    assert state.last_time == 1e9 + 5


def test_a_trainer_started_again_counts_its_metric_sets_anew():
    state = after(
        STARTED,
        MetricSet(0, ("loss",)),
        IterationFinished(9, 0, pack_values([1.0]), 96, 0.0),
        STARTED,
        MetricSet(0, ("reward",)),
        IterationFinished(0, 0, pack_values([3.0]), 96, 9.0),
    )
    assert state.latest == {"loss": 1.0, "reward": 3.0}
    assert state.iteration == 0


@given(
    steps=st.lists(st.tuples(st.integers(0, 2), st.lists(st.floats(width=32), min_size=3, max_size=3), st.booleans())),
    again=st.integers(0, 12),
)
def test_the_newest_metrics_are_the_same_whenever_they_are_asked_for(steps, again):
    sets = {0: ("a", "b", "c"), 1: ("b", "d", "e"), 2: ("c", "a", "f")}
    state, expected = RunState(), {}
    bodies = [MetricSet(number, names) for number, names in sets.items()]
    for place, (number, values, is_asked) in enumerate(steps):
        if place == again:  # a trainer that was started again counts its sets anew
            sets = {0: ("g", "a", "h"), 1: ("b", "c", "i"), 2: ("j", "k", "l")}
            bodies += [MetricSet(number, names) for number, names in sets.items()]
        bodies.append(IterationFinished(place, number, pack_values(values), 0, 0.0))
        for body in bodies:
            state.apply(Frame(0, 0.0, body))
        bodies = []
        expected.update(zip(sets[number], values, strict=True))
        if is_asked:
            assert repr(sorted(state.latest.items())) == repr(sorted(expected.items()))
    assert repr(sorted(state.latest.items())) == repr(sorted(expected.items()))


def test_progress_ends_at_the_whole():
    assert after().progress == 0.0
    assert after(STARTED).progress == 0.0
    beyond = after(STARTED, MetricSet(0, ()), IterationFinished(50, 0, b"", 96, 0.0))
    assert beyond.progress == 1.0


def test_checkpoints_and_the_newest_export_are_kept():
    exports = (
        ExportStarted(3, 1.5),
        ExportFinished(
            iteration=3,
            folder="exported",
            largest_difference=1e-7,
            latency_p50_us=20.0,
            latency_p99_us=40.0,
            rate_hz=25000.0,
        ),
        ExportFailed(4, "no space"),
    )
    saved = (CheckpointSaved(0, "model_0.pt"), CheckpointSaved(3, "model_3.pt"))
    for count in range(1, 4):
        assert after(STARTED, *saved, *exports[:count]).export == exports[count - 1]
    assert after(STARTED, *saved).checkpoints == list(saved)


@pytest.mark.parametrize("recording", [path.parent.name for path in sorted(RECORDINGS.glob("*/journal.msgpack"))])
def test_a_recorded_run_can_be_read_up_to_any_frame(recording):
    frames = JournalReader(RECORDINGS / recording / "journal.msgpack").read_new()
    state = RunState()
    iterations = []
    for frame in frames:
        state.apply(frame)
        assert state.status(is_alive=True) != "killed"
        assert 0.0 <= state.progress <= 1.0
        if isinstance(frame.body, IterationFinished):
            iterations.append(state.iteration)
    assert iterations == list(range(state.first_iteration, state.first_iteration + len(iterations)))
    assert state.status(is_alive=False) in ("finished", "stopped", "killed", "failed")
    assert {body.number for body in state.interventions.values()} == set(state.interventions)
    assert all(knob.pending is None for knob in state.knobs.values())


@pytest.mark.parametrize("recording", [path.parent.name for path in sorted(RECORDINGS.glob("*/journal.msgpack"))])
@pytest.mark.parametrize("count", [1, 7, 10_000])
def test_many_frames_at_once_say_the_same_as_one_after_the_other(recording, count):
    frames = JournalReader(RECORDINGS / recording / "journal.msgpack").read_new()
    at_once, in_turn = RunState(), RunState()
    for start in range(0, len(frames), count):
        at_once.apply_all(frames[start : start + count])
    for frame in frames:
        in_turn.apply(frame)
    assert list(at_once.latest) == list(in_turn.latest)
    for state in (at_once, in_turn):
        state.past = None
    assert repr(at_once) == repr(in_turn)  # NaN is not equal to itself
