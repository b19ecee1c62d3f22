"""Zooming, panning and following new data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.charts.view import SMOOTHING_STEPS, ChartView, rounded_end
from tui.session.metrics.smoothing import MAX_SMOOTHING
from tui.session.metrics.timeline import X_UNITS

WHOLE = (0.0, 1000.0)
extents = st.tuples(st.integers(-100, 1000), st.integers(20, 10**9)).map(
    lambda ends: (float(ends[0]), float(ends[0] + ends[1]))
)
factors = st.floats(0.05, 20.0)


@st.composite
def views_and_extents(draw):
    """A view as it comes from a few keys."""
    extent = draw(extents)
    view = ChartView(draw(st.sampled_from(X_UNITS)))
    for _ in range(draw(st.integers(0, 4))):
        if draw(st.booleans()):
            around = draw(st.none() | st.floats(0, 1).map(lambda share: extent[0] + share * (extent[1] - extent[0])))
            view = view.zoomed(draw(factors), around, extent)
        else:
            view = view.panned(draw(st.floats(-2, 2)), extent)
    return view, extent


def test_all_data_is_shown_at_first():
    view = ChartView()
    assert view.shows_all
    assert view.visible((0.0, 1000.0)) == (0, 1000)
    assert view.visible((0.0, 1001.0)) == (0, 1100)
    assert view.visible((7.0, 7.0)) == (7, 8)


@given(st.floats(0.4, 0.5), st.floats(0.5, 0.6), st.floats(0.2, 2.0), st.floats(0, 1))
def test_zooming_keeps_what_is_under_the_pointer_where_it_is(start, end, factor, share):
    extent = (0.0, 1e6)
    view = ChartView(range=(start * 1e6, end * 1e6 + 100))
    low, high = view.visible(extent)
    place = low + share * (high - low)
    zoomed = view.zoomed(factor, place, extent)
    new_low, new_high = zoomed.visible(extent)
    assert (new_high - new_low) == pytest.approx(factor * (high - low))
    assert (place - new_low) / (new_high - new_low) == pytest.approx(share, abs=1e-6)


def test_a_window_that_follows_is_within_the_data_once_it_is_moved_back():
    extent = (-1.0, 186.0)  # the window ends at 190, all data at 189
    view = ChartView(follow=95.06).panned(-0.0078, extent)
    assert view.visible(extent)[1] <= ChartView().visible(extent)[1]


@given(views_and_extents())
def test_nothing_outside_the_data_is_ever_shown(view_and_extent):
    view, extent = view_and_extent
    low, high = view.visible(extent)
    whole_low, whole_high = ChartView(view.unit).visible(extent)
    tolerance = 1e-9 * (whole_high - whole_low)
    assert low < high
    slack = (high - low) / 10 + 1 if view.follow is not None else tolerance  # a window that follows ends in steps
    assert whole_low - tolerance <= low + slack
    assert high <= whole_high + slack + tolerance


def test_zooming_out_ends_with_all_the_data():
    view = ChartView().zoomed(0.1, 500.0, WHOLE)
    assert not view.shows_all
    for _ in range(20):
        view = view.zoomed(1.25, None, WHOLE)
    assert view.shows_all


def test_zooming_in_ends_where_nothing_is_told_apart():
    view = ChartView()
    for _ in range(60):
        view = view.zoomed(0.5, 500.0, WHOLE)
    low, high = view.visible(WHOLE)
    assert high - low == 4


def test_without_a_pointer_one_zooms_around_the_crosshair_then_the_newest_data():
    view = ChartView(crosshair=200.0).zoomed(0.5, None, WHOLE)
    assert view.visible(WHOLE) == (100, 600)
    view = ChartView().zoomed(0.5, None, WHOLE)
    assert view.follow == 500
    assert view.visible(WHOLE) == (500, 1000)


def test_a_window_that_follows_keeps_its_width_and_moves_in_steps():
    view = ChartView(follow=200.0)
    windows = [view.visible((0.0, float(last))) for last in range(1000, 1060)]
    assert {high - low for low, high in windows} == {200}
    assert sorted({high for _, high in windows}) == [1000, 1020, 1040, 1060]
    assert all(high >= last for last, (_, high) in zip(range(1000, 1060), windows, strict=True))


def test_panning_away_stops_following_and_panning_back_begins_again():
    view = ChartView(follow=200.0).panned(-0.01, WHOLE)
    assert view.range == (798, 998)
    assert view.visible((0.0, 5000.0)) == (798, 998)
    assert view.panned(0.5, WHOLE).follow == 200
    assert ChartView(follow=200.0).panned(-100, WHOLE).range == (0, 200)
    assert ChartView().panned(0.5, WHOLE) == ChartView()


def test_a_view_can_be_followed_and_reset():
    view = ChartView(range=WHOLE, crosshair=3.0, smoothing=0.6, log_y=True)
    assert view.following(WHOLE).follow == 1000
    assert view.reset() == ChartView(smoothing=0.6, log_y=True)
    assert ChartView().following(WHOLE).shows_all


def test_smoothing_goes_in_steps_and_ends():
    view = ChartView()
    seen = [view.smoothing]
    for _ in range(len(SMOOTHING_STEPS)):
        view = view.smoother(1)
        seen.append(view.smoothing)
    assert seen == [*SMOOTHING_STEPS, MAX_SMOOTHING]
    assert ChartView(smoothing=0.61).smoother(-1).smoothing == 0.3
    assert ChartView().smoother(-1).smoothing == 0


def test_another_unit_shows_the_same_part():
    view = ChartView(range=(100.0, 200.0), crosshair=150.0).in_unit("steps", lambda place: place * 1000)
    assert (view.unit, view.range, view.crosshair) == ("steps", (100_000, 200_000), 150_000)
    assert ChartView(follow=200.0).in_unit("time", lambda place: place).shows_all
    assert ChartView(range=(1.0, 9.0)).in_unit("time", lambda place: 5.0).shows_all


@given(st.integers(0, 10**9), st.integers(0, 10**7))
def test_the_end_is_at_most_a_tenth_further_than_needed(first, span):
    end = rounded_end(first, first + span)
    assert first + span <= end <= first + max(1, span + span / 10)
