"""Lines of the table of metrics."""

from __future__ import annotations

import pytest

from tui.session.watch.metric_rows import fit, heading, short_step


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (0, "0"),
        (9_999_999, "9,999,999"),
        (10**7, "10.0M"),
        (9_999_949_999, "9,999.9M"),
        (10**11, "100.0G"),
        (10**12, "1,000.0G"),
        (12_345 * 10**9, "12.3T"),
        (10**15, "1,000.0T"),
        (2**62, "4.6e+18"),
    ],
)
def test_steps_of_any_size_keep_their_unit(step, text):
    assert short_step(step) == text


def test_steps_always_fit_their_column():
    column = fit(120).step
    assert column
    assert all(
        len(short_step(int(step))) <= column for power in range(19) for step in (10**power, 9.99999e0 * 10**power)
    )
    assert len(heading(fit(120))) == 120
