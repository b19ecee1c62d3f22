"""Requests: which are refused or accepted, and the numbers of interventions."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import (
    Change,
    InterventionApplied,
    InterventionFailed,
    InterventionQueued,
    IterationFinished,
    KnobsAvailable,
    PhaseChanged,
    Ramp,
    RampAdvanced,
)
from trainer_proc.contract.monitoring import CompetingWriterFound
from trainer_proc.contract.products import ExportFailed, ExportFinished
from trainer_proc.contract.requests import (
    MOST_WAITING,
    Export,
    Pause,
    Ping,
    Redo,
    Refused,
    Reload,
    Resume,
    Save,
    Stop,
    StopRamp,
    Tune,
    Undo,
    Unpin,
)
from trainer_proc.wire.request_validator import RequestValidator

FREE, BOUND, FIXED = "reward/upright/weight", "ppo/clip_param", "ppo/num_mini_batches"
SPEED, MODE = "command/twist/lin_vel_x", "guard/kl/mode"
KNOBS = (
    Knob(FREE, "reward", 1.0, 1.0, "next iteration"),
    Knob(BOUND, "ppo", 0.2, 0.2, "next iteration", minimum=0.01, maximum=0.5),
    Knob(FIXED, "ppo", 4.0, 4.0, "needs a restart", read_only="the storage is sized by it"),
    Knob(SPEED, "command", (-1.0, 1.0), (-1.0, 1.0), "at the next command", type="range"),
    Knob(MODE, "algorithm", "warn", "warn", "next iteration", type="choice", choices=("off", "warn", "act")),
)
CHANGES = (Tune({FREE: 2.0}), Undo(), Redo(), Unpin((FREE,)), StopRamp((FREE,)))
COMMANDS = (*CHANGES, Pause(), Resume(), Save(), Export())


@pytest.fixture
def validator():
    """The validator of a training that iterates and has published its knobs."""
    validator = RequestValidator()
    validator.observe(KnobsAvailable(0, KNOBS))
    validator.observe(PhaseChanged("training"))
    return validator


def applied(number, new=2.0, revision=1):
    return InterventionApplied(number, "person", 5, revision, (Change(FREE, 1.0, new),))


def reason(answer):
    assert isinstance(answer, Refused)
    assert len(answer.reason.splitlines()) == 1
    return answer.reason


def test_an_unknown_knob_is_refused_with_the_nearest_names(validator):
    assert f"nearest: {FREE}" in reason(validator.answer(Tune({"reward/uprigt/weight": 1.0})))
    assert reason(validator.answer(Tune({"ω": 1.0}))) == "no such knob: ω"


def test_a_knob_that_a_damaged_journal_lacks_is_passed_over(validator):
    change = InterventionApplied(1, "person", 5, 1, (Change("lost", 1.0, 2.0),), pinned=("lost",))
    for body in (change, CompetingWriterFound("lost", "curriculum term", pinned=True)):
        assert validator.observe(body) == body


def test_a_change_whose_request_the_journal_lacks_keeps_its_number(validator):
    """A wire process that dies while the disk is full takes what it has accepted with it."""
    validator.observe(applied(4))
    assert validator.answer(Tune({FREE: 3.0})).number == 5


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused(validator, value):
    assert "finite" in reason(validator.answer(Tune({FREE: value})))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_bounded_knob_takes_exactly_what_lies_within_its_bounds(value):
    validator = RequestValidator()
    validator.observe(KnobsAvailable(0, KNOBS))
    answer = validator.answer(Tune({BOUND: value}))
    if 0.01 <= value <= 0.5:
        assert isinstance(answer, InterventionQueued)
        assert answer.changes == (Change(BOUND, 0.2, value),)
    else:
        assert ("at least 0.01" if value < 0.01 else "at most 0.5") in reason(answer)


def test_a_knob_that_can_not_be_changed_gives_the_reason(validator):
    assert "the storage is sized by it" in reason(validator.answer(Tune({FIXED: 8.0})))


def test_several_values_are_taken_all_or_none(validator):
    reason(validator.answer(Tune({FREE: 2.0, BOUND: 7.0})))
    reason(validator.answer(Tune({FREE: 2.0, "nothing": 1.0})))
    queued = validator.answer(Tune({FREE: 2.0, BOUND: 0.3}, note="together"))
    assert queued == InterventionQueued(
        number=1,
        origin="person",
        changes=(Change(FREE, 1.0, 2.0), Change(BOUND, 0.2, 0.3)),
        note="together",
        revision=1,
    )


def test_a_tune_that_names_no_knob_is_refused(validator):
    assert reason(validator.answer(Tune({}))) == "expected at least one knob, got none"


def test_a_word_of_a_choice_is_that_word_even_if_it_reads_as_a_switch(validator):
    assert validator.answer(Tune({MODE: False})).changes == (Change(MODE, "warn", "off"),)
    assert reason(validator.answer(Tune({MODE: True}))) == f"{MODE}: expected off or warn or act, got on"


def test_when_a_change_is_resampled_and_who_asks_are_passed_on(validator):
    queued = validator.answer(Tune({FREE: 2.0}, origin="schedule", when="now"))
    assert (queued.origin, queued.when, queued.ramp) == ("schedule", "now", None)


# --- Stale revisions --------------------------------------------------------------------------------------


def test_a_tune_of_knobs_that_have_changed_since_is_refused_with_the_value_now(validator):
    validator.observe(applied(validator.answer(Tune({FREE: 2.0})).number))
    assert reason(validator.answer(Tune({FREE: 3.0}, revision=0))) == (
        f"{FREE} has changed since revision 0: it is 2 since revision 1; check it and retry"
    )
    assert validator.answer(Tune({FREE: 3.0}, revision=1)).changes == (Change(FREE, 2.0, 3.0),)


def test_another_knob_s_change_makes_no_request_stale(validator):
    validator.answer(Tune({FREE: 2.0}))
    assert validator.answer(Tune({BOUND: 0.3}, revision=0)).number == 2
    assert "since revision 0" in reason(validator.answer(Tune({BOUND: 0.4, FREE: 3.0}, revision=0)))


def test_what_is_only_requested_makes_another_s_request_stale(validator):
    validator.answer(Tune({FREE: 2.0}))
    assert "it is 2 since revision 1" in reason(validator.answer(Tune({FREE: 3.0}, revision=0)))


def test_a_request_without_a_revision_is_never_stale(validator):
    for value in (2.0, 3.0, 4.0):
        assert isinstance(validator.answer(Tune({FREE: value})), InterventionQueued)


def test_an_earlier_request_that_is_applied_leaves_a_later_one_the_newest(validator):
    first, second = validator.answer(Tune({FREE: 2.0})), validator.answer(Tune({FREE: 3.0}))
    validator.observe(applied(first.number, revision=first.revision))
    assert "it is 3 since revision 2" in reason(validator.answer(Tune({FREE: 4.0}, revision=1)))
    assert isinstance(validator.answer(Tune({FREE: 4.0}, revision=second.revision)), InterventionQueued)


def test_a_change_that_failed_is_not_what_the_knob_is_said_to_be(validator):
    validator.observe(InterventionFailed(validator.answer(Tune({FREE: 2.0})).number, 4, "RuntimeError: no"))
    assert "it is 1 since" in reason(validator.answer(Tune({FREE: 3.0}, revision=0)))


def test_a_step_of_a_ramp_makes_no_request_stale(validator):
    ramp = validator.answer(Tune({FREE: 3.0}, ramp=Ramp(4)))
    validator.observe(applied(ramp.number, new=1.5, revision=ramp.revision))
    stepped = validator.observe(RampAdvanced(5, 0, (Change(FREE, 1.5, 2.0),), {FREE: 2}))
    assert stepped.revision == 2
    assert validator.answer(Tune({FREE: 4.0}, revision=1)).changes == (Change(FREE, 2.0, 4.0),)


def test_a_value_that_something_else_has_written_is_known_and_makes_no_request_stale(validator):
    validator.answer(Tune({BOUND: 0.3}))
    validator.observe(RampAdvanced(5, 0, (Change(FREE, 1.0, 0.7),), {}))
    assert validator.answer(Tune({FREE: 3.0}, revision=0)).changes == (Change(FREE, 0.7, 3.0),)


def test_the_trainer_s_own_changes_make_a_request_stale(validator):
    assert validator.observe(applied(0)).revision == 1
    assert "it is 2 since revision 1" in reason(validator.answer(Tune({FREE: 3.0}, revision=0)))


def test_the_revision_continues_from_that_of_a_checkpoint(validator):
    assert validator.observe(applied(0, revision=18)).revision == 18
    assert validator.answer(Tune({FREE: 3.0}, revision=18)).revision == 19
    assert "since revision 18" in reason(validator.answer(Tune({FREE: 4.0}, revision=18)))


# --- Pins and ramps ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [Unpin, StopRamp])
def test_a_request_that_names_no_knob_or_an_unknown_one_is_refused(validator, command):
    assert reason(validator.answer(command(()))) == "expected at least one knob, got none"
    assert f"nearest: {FREE}" in reason(validator.answer(command(("reward/uprigt/weight",))))


def test_only_a_pinned_knob_can_be_released(validator):
    assert reason(validator.answer(Unpin((FREE,)))) == f"{FREE} is not pinned"
    validator.observe(CompetingWriterFound(FREE, "curriculum term upright", pinned=False))
    assert reason(validator.answer(Unpin((FREE,)))) == f"{FREE} is not pinned"
    validator.observe(CompetingWriterFound(FREE, "curriculum term upright", pinned=True))
    queued = validator.answer(Unpin((FREE,), note="as it was"))
    assert (queued.unpin, queued.changes, queued.note) == ((FREE,), (), "as it was")
    validator.observe(InterventionApplied(queued.number, "person", 5, 1, (Change(FREE, 1.0, 4.0),), unpinned=(FREE,)))
    assert reason(validator.answer(Unpin((FREE,)))) == f"{FREE} is not pinned"
    assert validator.answer(Tune({FREE: 3.0})).changes == (Change(FREE, 4.0, 3.0),)


def test_giving_several_knobs_back_needs_all_of_them_pinned(validator):
    validator.observe(CompetingWriterFound(FREE, "curriculum term upright", pinned=True))
    assert reason(validator.answer(Unpin((FREE, BOUND)))) == f"{BOUND} is not pinned"


def test_only_a_knob_on_a_ramp_can_be_stopped(validator):
    assert reason(validator.answer(StopRamp((FREE,)))) == f"{FREE} is not ramping"
    ramp = validator.answer(Tune({FREE: 3.0}, ramp=Ramp(3)))
    assert validator.answer(StopRamp((FREE,))).stop_ramps == (FREE,)
    assert reason(validator.answer(StopRamp((FREE,)))) == f"{FREE} is not ramping"
    assert ramp.ramp == Ramp(3)


def test_a_ramp_ends_with_its_last_step_with_another_change_and_when_it_is_stopped(validator):
    def on_a_ramp():
        number = validator.answer(Tune({FREE: 3.0}, ramp=Ramp(3))).number
        ramp = Ramp(3, targets={FREE: 3.0})
        validator.observe(InterventionApplied(number, "person", 5, 1, (Change(FREE, 1.0, 1.5),), ramp=ramp))

    def has_ended():
        return reason(validator.answer(StopRamp((FREE,)))) == f"{FREE} is not ramping"

    on_a_ramp()
    validator.observe(RampAdvanced(6, 0, (Change(FREE, 1.5, 3.0),), {FREE: 0}))
    assert has_ended()
    on_a_ramp()
    validator.observe(applied(validator.answer(Tune({FREE: 2.0})).number))
    assert has_ended()
    on_a_ramp()
    number = validator.answer(StopRamp((FREE,))).number
    validator.observe(InterventionApplied(number, "person", 6, 1, (), stopped_ramps=(FREE,)))
    assert has_ended()


def test_a_ramp_that_could_not_begin_is_none(validator):
    validator.observe(
        InterventionFailed(validator.answer(Tune({FREE: 3.0}, ramp=Ramp(3))).number, 4, "RuntimeError: no")
    )
    assert reason(validator.answer(StopRamp((FREE,)))) == f"{FREE} is not ramping"


@pytest.mark.parametrize(
    ("values", "ramp", "why"),
    [
        ({MODE: "act"}, Ramp(3), "no intermediate values"),
        ({FREE: 2.0}, Ramp(0), "at least 1 iteration for the ramp, got 0"),
        ({FREE: 2.0}, Ramp(-1), "at least 1 iteration for the ramp, got -1"),
        ({FREE: -2.0}, Ramp(3, "geometric"), "positive values at both ends"),
        ({FREE: 0.0}, Ramp(3, "geometric"), "positive values at both ends"),
        ({SPEED: (1.0, 2.0)}, Ramp(3, "geometric"), "positive values at both ends"),
        ({FREE: 2.0, MODE: "act"}, Ramp(3), "no intermediate values"),
    ],
)
def test_a_ramp_that_can_not_be_is_refused(validator, values, ramp, why):
    assert why in reason(validator.answer(Tune(values, ramp=ramp)))
    assert isinstance(validator.answer(Tune({FREE: 2.0}, ramp=Ramp(3, "geometric"))), InterventionQueued)


def test_a_geometric_ramp_counts_from_what_is_already_requested(validator):
    validator.answer(Tune({FREE: -1.0}))
    assert "positive values at both ends" in reason(validator.answer(Tune({FREE: 2.0}, ramp=Ramp(3, "geometric"))))


# --- Other ------------------------------------------------------------------------------------------------


def test_nothing_can_be_tuned_before_the_knobs_are_known():
    validator = RequestValidator()
    for command in CHANGES:
        assert "after the environment is built" in reason(validator.answer(command))
    for command in (Pause(), Resume(), Save(), Export(), Stop(), Ping()):
        assert validator.answer(command) is None


def test_after_a_stop_only_another_stop_is_accepted(validator):
    assert validator.answer(Stop()) is None
    for command in COMMANDS:
        assert "is stopping" in reason(validator.answer(command))
    assert validator.answer(Stop()) is None
    assert validator.answer(Ping()) is None


def test_a_training_that_stops_for_a_signal_takes_no_change_either(validator):
    validator.observe(PhaseChanged("stopping", "saving a checkpoint"))
    for command in COMMANDS:
        assert "is stopping" in reason(validator.answer(command))


@pytest.mark.parametrize("phase", ["finished", "failed"])
def test_after_the_end_only_a_ping_is_accepted(validator, phase):
    validator.observe(PhaseChanged(phase))
    for command in (*COMMANDS, Stop()):
        assert "has ended" in reason(validator.answer(command))
    assert validator.answer(Ping()) is None


@pytest.mark.parametrize(
    "end",
    [
        ExportFinished(
            iteration=3, folder="exported", largest_difference=0.0, latency_p50_us=1.0, latency_p99_us=2.0, rate_hz=1e5
        ),
        ExportFailed(3, "no space"),
    ],
)
def test_one_export_runs_at_a_time(validator, end):
    assert validator.answer(Export()) is None
    assert "already running" in reason(validator.answer(Export()))
    validator.observe(end)
    assert validator.answer(Export()) is None


PAUSED = PhaseChanged("paused", "guard not_finite: Loss/value is nan", is_resumable=False)


def test_a_policy_that_is_not_finite_can_only_be_reloaded_or_stopped(validator):
    validator.observe(IterationFinished(60, 0, b"", 96, 1.0))
    validator.observe(msgspec.structs.replace(PAUSED, good_checkpoint="model_50.pt"))
    assert reason(validator.answer(Resume())) == "the policy is not finite: reload model_50.pt, or stop"
    assert validator.answer(Reload()) is None
    assert validator.answer(Stop()) is None


def test_without_a_good_checkpoint_only_a_stop_is_left(validator):
    validator.observe(IterationFinished(60, 0, b"", 96, 1.0))
    validator.observe(PAUSED)
    for command in (Resume(), Reload()):
        assert "no good checkpoint to reload: stop the training" in reason(validator.answer(command))
    assert validator.answer(Stop()) is None


def test_a_training_reloads_at_any_time_after_its_first_iteration(validator):
    assert "before the first iteration" in reason(validator.answer(Reload()))
    validator.observe(IterationFinished(0, 0, b"", 96, 1.0))
    assert validator.answer(Reload()) is None
    validator.observe(PhaseChanged("paused", "after iteration 0"))
    assert validator.answer(Reload()) is None
    assert validator.answer(Resume()) is None


def test_a_change_is_described_by_the_value_that_was_read_back(validator):
    validator.answer(Tune({FREE: 2.0}))
    validator.observe(applied(1, new=1.75))
    assert validator.answer(Tune({FREE: 3.0})).changes == (Change(FREE, 1.75, 3.0),)


@given(st.lists(st.sampled_from(["person", "trainer", "refused"])))
def test_every_intervention_gets_a_number_of_its_own(origins):
    validator = RequestValidator()
    validator.observe(KnobsAvailable(0, KNOBS))
    numbers = []
    for origin in origins:
        if origin == "trainer":
            numbers.append(validator.observe(applied(0)).number)
        elif origin == "person":
            numbers.append(validator.answer(Tune({FREE: 2.0})).number)
            assert validator.observe(applied(numbers[-1])).number == numbers[-1]
        else:
            reason(validator.answer(Tune({FREE: math.nan})))
    assert numbers == list(range(1, len(numbers) + 1))


def test_what_a_change_costs_is_reported_with_the_first_one_of_each_knob():
    validator = RequestValidator()
    pause = "a pause of about 1 s: CUDA graphs are captured again"
    validator.observe(KnobsAvailable(0, (*KNOBS, Knob("friction", "event", 1.0, 1.0, "re-randomized now", cost=pause))))
    costs = [validator.cost(validator.answer(Tune(values))) for values in ({FREE: 2.0}, {FREE: 3.0, "friction": 2.0})]
    assert costs == ["", pause]
    assert validator.cost(validator.answer(Tune({"friction": 3.0}))) == ""


def test_the_first_iteration_is_noticed(validator):
    assert not validator.has_iterated
    validator.observe(IterationFinished(0, 0, b"", 96, 1.0))
    assert validator.has_iterated


def took_effect(queued):
    return InterventionApplied(queued.number, queued.origin, 1, queued.revision, queued.changes)


def test_undo_does_not_take_back_what_its_sender_has_not_seen(validator):
    ours = validator.answer(Tune({FREE: 2.0}))
    validator.observe(took_effect(ours))
    theirs = validator.answer(Tune({BOUND: 0.3}))
    validator.observe(took_effect(theirs))
    assert f"{BOUND} has changed since revision {ours.revision}" in reason(
        validator.answer(Undo(revision=ours.revision))
    )
    assert validator.answer(Undo(revision=theirs.revision)).undoes == theirs.number
    assert validator.answer(Undo(ours.number, revision=ours.revision)).undoes == ours.number


def test_a_revision_that_is_not_there_yet_is_refused(validator):
    assert "no such revision: 99" in reason(validator.answer(Tune({FREE: 2.0}, revision=99)))


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (Tune({FREE: 2.0}, note="x" * 1001), "expected a note of at most 1000 characters, got 1001; shorten it"),
        (Undo(note="x" * 9000), "expected a note of at most 1000 characters, got 9000; shorten it"),
        (Tune({"x" * 201: 2.0}), "expected names of at most 200 characters, got 201"),
        (Tune({MODE: "x" * 5000}), "expected names of at most 200 characters, got 5000"),
        (Unpin(("x" * 5000,)), "expected names of at most 200 characters, got 5000"),
        (
            Tune({FREE: 2.0}, ramp=Ramp(5, targets={str(number): 1.0 for number in range(3000)})),
            "expected at most 2000 knobs in a request, got 3001; use several requests",
        ),
        (
            StopRamp(tuple(map(str, range(2001)))),
            "expected at most 2000 knobs in a request, got 2001; use several requests",
        ),
    ],
)
def test_requests_beyond_the_limits_are_refused(validator, command, reason):
    assert validator.answer(command) == Refused(0, reason)


def test_only_the_first_of_many_unknown_knobs_gets_a_suggestion(validator, monkeypatch):
    looked_up = []
    monkeypatch.setattr(
        "trainer_proc.wire.request_validator.unknown_knob", lambda name, knobs: looked_up.append(name) or "no such knob"
    )
    validator.answer(Tune({f"reward/{number}": 1.0 for number in range(2000)}))
    assert looked_up == ["reward/0"]


def test_changes_wait_for_the_next_iteration_in_a_limited_number(validator):
    answers = [validator.answer(Tune({FREE: 1.0 + number})) for number in range(MOST_WAITING + 1)]
    assert [type(answer) for answer in answers] == [InterventionQueued] * MOST_WAITING + [Refused]
    assert answers[-1].reason == "1000 changes wait for the next iteration; retry after it"
    validator.observe(InterventionFailed(1, 5, "no"))
    assert isinstance(validator.answer(Tune({FREE: 2.0})), InterventionQueued)
