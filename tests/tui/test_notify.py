"""What needs the user is called out through the terminal, once, and nothing else is."""

from __future__ import annotations

import pytest

from trainer_proc.contract.messages import Change, Frame, InterventionApplied, InterventionFailed, PhaseChanged
from trainer_proc.contract.monitoring import GuardFired
from trainer_proc.contract.products import CheckpointSaved, ExportFailed, ExportFinished, ExportStarted
from tui.session.notifications.news import News, news_of
from tui.session.notifications.notify import Alerts, desktop_notification, is_news, seconds_shown

GUARD = News("guard kl: too large", "warning", True)


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize(
    "body",
    [
        GuardFired("kl", 7, "KL is 0.4", "warned"),
        GuardFired("kl", 7, "KL is 0.4", "paused"),
        PhaseChanged("failed", "RuntimeError: NaN"),
        PhaseChanged("finished"),
        ExportFinished(
            iteration=7,
            folder="exported",
            largest_difference=1e-7,
            latency_p50_us=10.0,
            latency_p99_us=20.0,
            rate_hz=50_000.0,
        ),
        ExportFailed(7, "onnx is not installed"),
    ],
)
def test_the_user_is_needed_for_what_ends_or_goes_wrong_by_itself(body):
    news = news_of(body)
    assert news.needs_user
    shorter = {"warned": 8, "paused": 12}  # the header shows it for as long as it lasts
    assert seconds_shown(news) == (shorter[body.action] if isinstance(body, GuardFired) else 20)


@pytest.mark.parametrize(
    "body",
    [
        InterventionApplied(2, "person", 7, 2, (Change("reward/x/weight", 1.0, 2.0),)),
        InterventionFailed(2, 7, "no such term"),
        CheckpointSaved(7, "model_7.pt"),
        ExportStarted(7, 0.7),
    ],
)
def test_what_somebody_asked_for_a_moment_ago_needs_nobody_else(body):
    news = news_of(body)
    assert not news.needs_user
    assert seconds_shown(news) < 20
    assert Alerts().bytes_for(news, "run", bell=True, desktop=True, environment={}) == ""


def test_what_was_before_one_looked_is_history():
    assert is_news(Frame(5, 1000.5, PhaseChanged("failed")), since=1000.0)
    assert not is_news(Frame(4, 999.5, PhaseChanged("failed")), since=1000.0)


@pytest.mark.parametrize(
    ("bell", "desktop", "written"),
    [
        (False, False, ""),
        (True, False, "\a"),
        (False, True, "\x1b]9;humanoid-tui walk: guard kl: too large\a"),
        (True, True, "\a\x1b]9;humanoid-tui walk: guard kl: too large\a"),
    ],
)
def test_the_user_chooses_between_bell_and_notification(bell, desktop, written):
    assert Alerts().bytes_for(GUARD, "walk", bell=bell, desktop=desktop, environment={}) == written


def test_the_same_thing_is_called_out_once_a_minute():
    clock = Clock()
    alerts = Alerts(clock)
    other = News("the training failed: NaN", "error", True)
    assert alerts.bytes_for(GUARD, "walk", bell=True, desktop=False, environment={}) == "\a"
    clock.now += 1
    assert alerts.bytes_for(GUARD, "walk", bell=True, desktop=False, environment={}) == ""
    assert alerts.bytes_for(other, "walk", bell=True, desktop=False, environment={}) == "\a"
    clock.now += 60
    assert alerts.bytes_for(GUARD, "walk", bell=True, desktop=False, environment={}) == "\a"


def test_a_notification_goes_through_tmux():
    inside = Alerts().bytes_for(GUARD, "walk", bell=True, desktop=True, environment={"TMUX": "/tmp/tmux-0/default,1,0"})
    assert inside == "\a\x1bPtmux;\x1b\x1b]9;humanoid-tui walk: guard kl: too large\a\x1b\\"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\ntwo\n  three", "one two three"),
        ("\x1b]52;c;cm0gLXJm\acopied", "copied"),
        ("ends\x07 here\x1b\\", "ends here"),
        ("9;4;1;50", "9;4;1;50"),
        ("x" * 500, "x" * 200),
    ],
)
def test_text_from_elsewhere_cannot_leave_the_notification(text, shown):
    assert desktop_notification(text, in_tmux=False) == f"\x1b]9;humanoid-tui {shown}\a"
    assert desktop_notification(text, in_tmux=True).count("\x1b") == 4
