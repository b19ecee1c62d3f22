"""Limits of how often agents may ask."""

from __future__ import annotations

import pytest

from tui.session.agents.pace import Pace, TooFast, check_changes


def test_requests_beyond_the_limit_are_refused_until_a_minute_has_passed():
    now = 0.0
    pace = Pace(3, clock=lambda: now)
    for now in (0.0, 10.0, 20.0):  # noqa: B007 (the clock reads it)
        pace.take()
    now = 30.0
    with pytest.raises(TooFast, match="retry in 30 s"):
        pace.take()
    now = 60.0
    pace.take()
    with pytest.raises(TooFast, match="retry in 10 s"):
        pace.take()


def test_changes_of_the_last_minute_are_counted_by_the_journal_s_times():
    check_changes([100.0, 110.0], most=2, now=161.0)
    with pytest.raises(TooFast, match="retry in 49 s"):
        check_changes([110.0, 111.0, 120.0], most=2, now=122.0)
    check_changes([500.0, 501.0], most=2, now=400.0)  # a clock that was set back
