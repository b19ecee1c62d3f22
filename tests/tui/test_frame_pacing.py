"""When frames may begin, and the rates that are reported."""

import pytest

from tui.terminal.frame_pacing import FramePacer


def begin_when_due(pace, times):
    """Begin a frame at each of these times that is not too early; return those times."""
    began = []
    for now in times:
        if pace.wait(now) <= 0:
            pace.begin(now)
            began.append(now)
    return began


def test_frames_come_at_most_as_often_as_asked_for():
    began = begin_when_due(FramePacer(10), [step / 1000 for step in range(1, 3001)])
    assert len(began) == pytest.approx(30, abs=1)


def test_lateness_is_made_up_for():
    """Points that come every 0.1 s, a little early or late, are all drawn soon."""
    pace = FramePacer(10)
    times = [i / 10 + (0.02 if i % 2 else 0.0) for i in range(1, 51)]
    waits = []
    for now in times:
        wait = max(0.0, pace.wait(now))
        waits.append(wait)
        pace.begin(now + wait)
    assert max(waits) < 0.03


def test_after_a_rest_the_first_frame_comes_at_once_and_no_burst_follows():
    pace = FramePacer(10)
    begin_when_due(pace, [0.0])
    began = begin_when_due(pace, [5 + step / 1000 for step in range(1000)])
    assert began[0] == 5.0
    assert len(began) <= 11


def test_a_rate_can_be_changed():
    pace = FramePacer(10)
    pace.begin(0.0)
    assert pace.wait(0.05) > 0
    pace.frames_per_second = 50
    assert pace.wait(0.05) <= 0


def test_rates_tell_of_the_last_seconds():
    pace = FramePacer(10)
    pace.rates(0, now=0.0)
    for frame in range(1, 101):
        pace.begin(frame / 10)
        if frame % 10 == 0:
            rates = pace.rates(written=frame * 200, now=frame / 10)
    assert rates.frames_per_second == pytest.approx(10, abs=0.5)
    assert rates.bytes_per_second == pytest.approx(2000)
    assert not rates.is_throttled
    pace.throttled(10.0)
    assert pace.rates(written=20_000, now=11.0).is_throttled
    at_rest = pace.rates(written=20_000, now=20.0)
    assert (at_rest.frames_per_second, at_rest.is_throttled) == (0.0, False)


def test_a_count_that_begins_again_is_no_negative_rate():
    """After Ctrl+Z and `fg`, the driver counts from 0."""
    pace = FramePacer(10)
    rates = [pace.rates(written, now).bytes_per_second for now, written in enumerate((0, 9000, 100, 600))]
    assert rates == [0.0, 9000.0, 0.0, 500.0]
