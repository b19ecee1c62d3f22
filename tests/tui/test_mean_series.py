"""Means over runs at each iteration, while the runs grow."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.session.experiments.lineage_source import JoinedSeries
from tui.session.experiments.mean_series import MeanSeries
from tui.session.metrics.series import Series

VALUES = st.one_of(st.floats(-100, 100, width=32), st.just(math.nan))
STEPS = st.lists(st.tuples(st.integers(0, 2), st.lists(VALUES, min_size=1, max_size=4), st.booleans()), max_size=12)


def expected(members):
    """The finite values of each iteration, the newest of a run that has it twice."""
    by_iteration: dict[int, list[float]] = {}
    for member in members:
        finite = {x: y for x, y in zip(member.xs.tolist(), member.ys.tolist(), strict=True) if math.isfinite(y)}
        for x, y in finite.items():
            by_iteration.setdefault(x, []).append(y)
    return dict(sorted(by_iteration.items()))


@given(STEPS)
def test_it_is_the_mean_of_the_runs_that_have_a_value_however_they_grow(steps):
    members = [Series(), Series(), Series()]
    mean = MeanSeries(members)
    for number, values, goes_back in steps:
        start = members[number].count
        if goes_back and start:
            members[number].forget_from(start // 2)
        first = 0 if not members[number].count else members[number].last_iteration + 1
        members[number].extend(range(first, first + len(values)), values)
        known = expected(members)
        assert mean.xs.tolist() == list(known)
        assert mean.ys.tolist() == pytest.approx([sum(ys) / len(ys) for ys in known.values()], abs=1e-4)
        assert mean.count == len(known)


def test_the_interval_is_student_s_where_two_runs_have_a_value():
    members = [Series(), Series(), Series()]
    for number, member in enumerate(members):
        member.extend(range(10 - 4 * number), np.full(10 - 4 * number, float(number)))
    interval = MeanSeries(members).interval()
    assert interval.iterations == tuple(range(10))
    assert interval.high[0] == pytest.approx(1 + 4.30265 / math.sqrt(3), rel=1e-3)  # of 0, 1, 2
    assert interval.low[2] == pytest.approx(0.5 - 12.7062 * 0.5)  # of 0, 1
    assert math.isnan(interval.low[9])
    assert not interval.is_wide
    assert MeanSeries(members[:2]).interval().is_wide


def test_a_long_interval_has_few_points():
    members = [Series(), Series(), Series()]
    for number, member in enumerate(members):
        member.extend(range(50_000), np.full(50_000, float(number)))
    interval = MeanSeries(members).interval()
    assert len(interval.iterations) <= 500
    assert (interval.iterations[0], interval.iterations[-1]) == (0, 49_999)


def test_before_it_is_read_it_counts_the_longest_run():
    members = [Series(), Series()]
    mean = MeanSeries(members)
    assert (mean.count, mean.last) == (0, None)
    members[1].extend(range(5), [1.0] * 5)
    assert mean.count == 5


def test_rounds_are_joined_and_points_after_a_copied_checkpoint_are_left_out():
    first, second = Series(), Series()
    first.extend([0, 1, 2, 3], [1.0, 2.0, 3.0, 4.0])
    joined = JoinedSeries([first, second], ends=(3, 2**62))
    assert joined.xs.tolist() == [0, 1, 2]
    second.extend([3, 4], [30.0, 40.0])
    assert joined.xs.tolist() == [0, 1, 2, 3, 4]
    assert joined.ys.tolist() == [1.0, 2.0, 3.0, 30.0, 40.0]
    assert joined.last == 40.0
