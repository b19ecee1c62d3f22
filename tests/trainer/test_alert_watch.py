"""Which frames of a training are worth an alert, and how often."""

from __future__ import annotations

import struct

import pytest

from trainer_proc.alerts.watch import SUCCESS_DROP, SUCCESS_ITERATIONS, AlertWatch
from trainer_proc.contract.messages import InterventionApplied, IterationFinished, MetricSet, PhaseChanged
from trainer_proc.contract.monitoring import GuardFired, TrainerStalled

SETS = (MetricSet(0, ("Loss/value", "Train/success_rate")), MetricSet(1, ("Loss/value",)))


@pytest.fixture
def watch():
    watch = AlertWatch("cartpole/run")
    for metrics in SETS:
        assert watch.observe(0.0, metrics) is None
    return watch


def finished(iteration, rate, metric_set=0):
    values = (1.0, rate) if metric_set == 0 else (1.0,)
    return IterationFinished(iteration, metric_set, struct.pack(f"<{len(values)}f", *values), 0, 0.0)


def rates(watch, *rates, start=0):
    """Observe iterations with these success rates; return the alerts."""
    alerts = [watch.observe(1000.0 * number, finished(number, rate)) for number, rate in enumerate(rates, start)]
    return [alert for alert in alerts if alert is not None]


@pytest.mark.parametrize(
    ("body", "event", "text"),
    [
        (PhaseChanged("failed", "out\nof memory\x1b[2J"), "failed", "training failed: out of memory[2J"),
        (PhaseChanged("finished", "goal reached: 0.9"), "goal", "training goal reached: 0.9"),
        (TrainerStalled(61.4, "is stopped"), "stalled", "no progress for 61 s: the training process is stopped"),
        (GuardFired("kl", 3, "KL is high", "paused"), "guard", "guard kl (paused): KL is high"),
    ],
)
def test_what_needs_the_user_is_an_alert_in_one_line(watch, body, event, text):
    watch.observe(1.0, finished(41, 0.5))
    alert = watch.observe(2.0, body)
    assert (alert.event, alert.run, alert.text, alert.time, alert.iteration) == (event, "cartpole/run", text, 2.0, 41)


@pytest.mark.parametrize(
    "body",
    [
        PhaseChanged("failed", "no such task", refused=True),
        PhaseChanged("finished"),
        PhaseChanged("finished", "stopped"),
    ],
)
def test_what_the_user_has_just_done_or_seen_is_none(watch, body):
    assert watch.observe(1.0, body) is None


def test_a_success_rate_that_drops_is_reported_once(watch):
    high, low = [0.9] * SUCCESS_ITERATIONS, [0.9 - SUCCESS_DROP - 0.1] * 3 * SUCCESS_ITERATIONS
    (alert,) = rates(watch, *high, *low)
    assert alert.event == "success"
    assert alert.text.startswith("success rate dropped from 0.90 to 0.")
    assert rates(watch, *[0.1] * 50, *high, start=1000) == []
    assert len(rates(watch, *low, start=2000)) == 1  # after it has recovered


def test_neither_noise_nor_what_is_no_number_is_a_drop(watch):
    assert rates(watch, *[0.9, 0.75] * 100) == []
    assert rates(watch, *[0.9, float("nan")] * 100, start=200) == []
    assert watch.observe(1.0, finished(500, 0.0, metric_set=1)) is None
    assert watch.observe(1.0, IterationFinished(501, 0, b"\0", 0, 0.0)) is None


def test_a_harder_level_of_a_curriculum_is_no_drop(watch):
    assert rates(watch, *[0.9] * 50) == []
    assert watch.observe(60_000.0, InterventionApplied(1, "curriculum", 50, 1, ())) is None
    assert rates(watch, *[0.4] * 50, start=100) == []
    assert len(rates(watch, *[0.1] * 50, start=200)) == 1


def test_a_change_of_the_user_may_be_why(watch):
    assert rates(watch, *[0.9] * 50) == []
    watch.observe(60_000.0, InterventionApplied(1, "person", 50, 1, ()))
    assert len(rates(watch, *[0.4] * 50, start=100)) == 1


def test_the_same_event_comes_once_in_ten_minutes(watch):
    fired = GuardFired("kl", 3, "KL is high", "warned")
    assert watch.observe(0.0, fired)
    assert watch.observe(599.0, fired) is None
    assert watch.observe(599.0, GuardFired("entropy", 3, "low", "warned"))
    assert watch.observe(600.0, fired)


def test_there_are_at_most_twenty_an_hour_but_the_end_is_always_told(watch):
    alerts = [watch.observe(float(n), GuardFired(f"guard{n}", n, "x", "warned")) for n in range(100)]
    assert len([alert for alert in alerts if alert]) == 20
    assert watch.observe(101.0, PhaseChanged("failed", "died"))
    assert watch.observe(3800.0, GuardFired("late", 1, "x", "warned"))


def test_a_clock_that_is_set_back_silences_nothing_for_long(watch):
    stalled = TrainerStalled(50.0, "is stopped")
    assert watch.observe(1e9, stalled)
    assert watch.observe(5.0, stalled)
