"""Points of one metric in two branches, however they come in."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from tui.session.watch.branches import Branches
from tui.session.watch.scalars import Points

runs_of_steps = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(1, 12), st.integers(1, 3)), min_size=1, max_size=8
)
"""Ranges of steps as they were logged: file, first step, number, distance."""


def points_of(runs):
    steps = np.concatenate([first + distance * np.arange(count) for _, first, count, distance in runs])
    files = np.concatenate([np.full(count, file) for file, _, count, _ in runs])
    number = np.arange(len(steps))
    return Points(steps.astype(np.int64), number.astype(np.float32), 1000.0 + number, files.astype(np.int32))


def rows(series):
    return list(zip(series.xs.tolist(), series.ys.tolist(), series.times.tolist(), strict=True))


def state_of(branches):
    return rows(branches.newest), rows(branches.replaced), branches.last, branches.rival


@example([(0, 0, 5, 1), (1, 0, 9, 1), (2, 9, 1, 1), (0, 0, 1, 1)], [6, 15])  # the third file goes on behind the second
@given(runs_of_steps, st.lists(st.integers(1, 60), max_size=6))
def test_what_is_read_at_once_makes_no_difference(runs, cuts):
    points = points_of(runs)
    whole, in_portions = Branches(), Branches()
    whole.extend(points)
    ends = sorted({min(cut, len(points)) for cut in cuts} | {len(points)})
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        in_portions.extend(points.between(start, end))
    assert state_of(in_portions) == state_of(whole)


@given(runs_of_steps)
def test_each_point_is_shown_at_most_once_at_its_own_time(runs):
    points = points_of(runs)
    branches = Branches()
    branches.extend(points)
    logged = dict(
        zip(points.values.tolist(), zip(points.steps.tolist(), points.times.tolist(), strict=True), strict=True)
    )
    shown = rows(branches.newest) + rows(branches.replaced)
    assert len({value for _, value, _ in shown}) == len(shown)
    assert all(logged[value] == (step, time) for step, value, time in shown)
    newest = points.where(points.files == points.files.max())
    assert branches.last.value == newest.values[-1]
    assert rows(branches.newest)[-1][0] >= 0


@given(runs_of_steps, st.integers(0, 60))
def test_nothing_is_left_from_a_purged_step_on(runs, step):
    branches = Branches()
    branches.extend(points_of(runs))
    branches.purge(step)
    left = rows(branches.newest)
    assert all(at < step for at, _, _ in left + rows(branches.replaced))
    assert (branches.last is None) == (not left)
    again = points_of([(9, step, 3, 1)])
    branches.extend(again)
    assert rows(branches.newest) == left + rows_of(again)


def rows_of(points):
    return list(zip(points.steps.tolist(), points.values.tolist(), points.times.tolist(), strict=True))


@given(st.lists(st.integers(0, 40), min_size=1, max_size=40))
def test_one_file_in_order_is_one_branch(steps):
    branches = Branches()
    branches.extend(points_of([(0, step, 1, 1) for step in sorted(steps)]))
    assert [step for step, _, _ in rows(branches.newest)] == sorted(steps)
    assert branches.replaced.count == 0
