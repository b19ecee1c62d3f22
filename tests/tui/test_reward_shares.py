"""Shares of reward terms: derived series, their order, and the charts of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.screens.recorded import frames_of
from tui.session.board.chart_source import ChartSource
from tui.session.board.layout import BoardLayout
from tui.session.board.pages import BoardContent, pages_of
from tui.session.board.shares import MOST_BANDS, share_plans
from tui.session.metrics.history import MetricHistory
from tui.session.metrics.shares import OTHER_PENALTIES, OTHER_REWARDS, SHARE, reordered
from tui.session.watch.log_folder import look_into
from tui.session.watch.run_parts import RunParts
from tui.session.watch.run_reader import RunReader
from tui.session.watch.watched_run import WatchedRun


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global scalar, write
    from tests.tui.event_files import scalar, write


A, B, C = (f"Episode_Reward/{name}" for name in "abc")


def history_of(**terms):
    """A history with these values of terms from iteration 0 on; other metrics are no terms."""
    history = MetricHistory()
    history.series["Loss/value"].extend(range(3), [1.0, 2.0, 3.0])
    for name, values in terms.items():
        history.series[f"Episode_Reward/{name}"].extend(range(len(values)), values)
    return history


def share(history, metric):
    history.shares.update()
    return history.shares.series(SHARE + metric).ys.tolist()


def test_magnitudes_of_shares_add_up_to_100_and_penalties_are_negative():
    history = history_of(a=[3.0, 1.0], b=[1.0, 1.0], c=[-1.0, -2.0])
    assert share(history, A) == [60.0, 25.0]
    assert share(history, B) == [20.0, 25.0]
    assert share(history, C) == [-20.0, -50.0]


def test_without_any_reward_shares_are_0_and_a_nan_is_a_gap_in_all():
    history = history_of(a=[0.0, math.nan, 1.0], b=[0.0, 1.0, 1.0])
    assert share(history, A) == pytest.approx([0.0, math.nan, 50.0], nan_ok=True)
    assert share(history, B) == pytest.approx([0.0, math.nan, 50.0], nan_ok=True)


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=1, max_size=30), st.data())
def test_new_points_give_what_all_at_once_give(values, data):
    cut = data.draw(st.integers(0, len(values)))
    whole, grown = history_of(), history_of()
    for history, parts in ((whole, [values]), (grown, [values[:cut], values[cut:]])):
        for part in parts:
            start = history.series[A].count
            for metric, ys in zip((A, B), zip(*part, strict=True), strict=False):
                history.series[metric].extend(range(start, start + len(part)), ys)
            history.shares.update()
    for metric in (A, B):
        assert np.array_equal(whole.shares.series(SHARE + metric).ys, grown.shares.series(SHARE + metric).ys)


def test_a_term_that_comes_later_and_points_that_are_replaced_are_taken_in_by_the_same_series():
    history = history_of(a=[1.0, 1.0, 1.0])
    before = history.shares.series(SHARE + A)
    assert share(history, A) == [100.0] * 3
    history.series[B].extend([1, 2], [1.0, 3.0])
    assert share(history, A) == [50.0, 25.0]  # where both are known
    history.series[A].forget_from(2)
    history.series[B].forget_from(2)
    history.series[A].append(2, 1.0)
    history.series[B].append(2, 0.0)
    assert share(history, A) == [50.0, 100.0]
    assert history.shares.series(SHARE + A) is before


def test_the_order_is_by_recent_contribution_of_either_sign():
    history = history_of(a=[5.0] * 50 + [0.1] * 200, b=[1.0] * 250, c=[-3.0] * 250)
    history.shares.update()
    assert history.shares.order == (C, B, A)


@pytest.mark.parametrize(
    ("before", "sizes", "after"),
    [
        ("", {"a": 1.0, "b": 2.0}, "ba"),
        ("ab", {"a": 40.0, "b": 41.9}, "ab"),  # close ones don't flicker
        ("ab", {"a": 40.0, "b": 42.1}, "ba"),
        ("abc", {"a": 40.0, "b": 41.0, "c": 50.0}, "cba"),
        ("ab", {"a": 40.0, "b": 41.0, "c": 1.0}, "bac"),  # a new one
        ("abc", {"b": 1.0, "c": 5.0}, "cb"),
    ],
)
def test_the_order_changes_only_if_it_is_clearly_another(before, sizes, after):
    assert reordered(tuple(before), sizes) == tuple(after)


def test_the_smallest_terms_are_summed_up_by_sign():
    values = {f"t{number}": [float(20 - number)] * 3 for number in range(8)} | {
        "p": [-1.0] * 3,
        "q": [-2.0, -3.0, -2.0],
    }
    history = history_of(**values)
    history.shares.update()
    bands = history.shares.bands(MOST_BANDS)
    assert [label for label, _ in bands] == [*(f"t{number}" for number in range(6)), "other rewards", "other penalties"]
    total = np.sum([history.shares.series(name).ys for _, name in bands[:-1]], axis=0)
    assert total - history.shares.series(OTHER_PENALTIES).ys == pytest.approx([100.0] * 3)
    assert history.shares.series(OTHER_REWARDS).count == 3
    for name, ys in values.items():
        history.series[f"Episode_Reward/{name}"].append(3, ys[0])
    history.shares.update()
    assert history.shares.bands(MOST_BANDS) == bands
    assert history.shares.series(OTHER_REWARDS).count == 4


def test_terms_that_are_gone_leave_no_shares():
    history = history_of(a=[1.0], b=[1.0])
    assert share(history, A) == [50.0]
    for metric in (A, B):
        history.series[metric].forget_from(0)
    assert share(history, A) == []
    assert history.shares.order == ()
    assert history.shares.bands(MOST_BANDS) == []


def test_shares_of_a_watched_run_have_the_times_of_its_points(tmp_path):
    records = [
        scalar(f"Episode_Reward/{name}", step, value, 100.0 + step)
        for step in range(3)
        for name, value in (("a", 3.0), ("b", -1.0))
    ]
    write(tmp_path / "run", *records)
    (run,) = look_into(tmp_path, RunParts()).runs
    watched = WatchedRun(run.name)
    watched.take(RunReader(run).read_next())
    (plan,) = share_plans([watched.source], is_shown=True)
    curve = watched.source.curve(plan.metrics[0], "a")
    assert curve.series.ys.tolist() == [75.0] * 3
    seconds, timeline = curve.over("time")
    assert seconds.count == 3
    assert timeline is not None
    watched.forget()
    assert share_plans([watched.source], is_shown=True) == ()


# --- the page ---


def recorded(recording):
    history = MetricHistory()
    history.apply(frames_of(recording))
    return ChartSource(recording, history)


def page_of(sources):
    content = BoardContent(names=("Loss/value",), shares=share_plans(sources, is_shown=True))
    return next(page for page in pages_of(content, BoardLayout()) if page.title == "shares")


def test_a_run_has_one_stacked_chart_of_its_terms_by_contribution():
    (plan,) = page_of([recorded("g1-levels")]).plans
    assert plan.stack
    assert [name for name, _ in plan.curves] == [
        *("track_angular_velocity", "track_linear_velocity", "upright", "pose", "action_rate_l2", "foot_clearance"),
        *("other rewards", "other penalties"),
    ]
    assert plan.with_metrics(["Loss/value"]) == plan


def test_several_runs_have_a_chart_of_each_term_s_share():
    plans = page_of([recorded("g1-levels"), recorded("g1-walk")]).plans
    assert plans[0].title == "track_angular_velocity, %"
    assert len(plans) == 14
    assert not any(plan.stack for plan in plans)


def test_nothing_is_computed_before_the_page_is_shown():
    source = recorded("g1-levels")
    (plan,) = share_plans([source], is_shown=False)
    assert len(plan.curves) == MOST_BANDS
    assert all(source.curve(metric, name).series.count == 0 for name, metric in plan.curves)


def test_a_run_without_reward_terms_says_so():
    page = page_of([ChartSource("run", history_of())])
    assert page.plans == ()
    assert page.empty == "no reward terms yet: published when the first episodes end"
