"""Arrangement of charts in a grid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.widgets.board.grid_layout import SMALLEST_HEIGHT, SMALLEST_WIDTH, grid_shape

GAP = 2


@pytest.mark.parametrize(
    ("count", "width", "height", "across", "scrolls"),
    [
        (10, 78, 10, 2, True),  # 80x24
        (10, 118, 19, 4, False),  # 120x40
        (10, 110, 56, 2, False),  # 200x60
        (11, 140, 66, 3, False),  # 250x70
        (14, 78, 10, 2, True),
        (1, 118, 19, 1, False),
    ],
)
def test_common_boards_in_common_terminals(count, width, height, across, scrolls):
    shape = grid_shape(count, width=width, height=height, gap=GAP)
    assert (shape.columns, shape.across, shape.scrolls) == (across, across, scrolls)


@pytest.mark.parametrize(
    ("width", "height", "across", "heights", "scrolls"),
    [
        (78, 10, 2, (10,), True),  # 80x24: the first row is all that is visible
        (118, 19, 4, (7, 6, 6), False),  # 120x40
        (110, 56, 2, (16, 10, 10, 10, 10), False),  # 200x60
        (40, 60, 1, (6,) * 10, False),  # charts one below the other
    ],
)
def test_leading_charts_share_a_larger_row(width, height, across, heights, scrolls):
    shape = grid_shape(10, width=width, height=height, gap=GAP, leading=2)
    assert (shape.across, shape.row_heights, shape.scrolls) == (across, heights, scrolls)
    first, second, *others = shape.spans
    assert first == second == max(shape.columns // 2, 1)
    assert all(first >= other for other in others)


def test_a_leading_chart_alone_has_a_row_and_so_have_charts_that_all_lead():
    assert grid_shape(4, width=118, height=30, gap=GAP, leading=1, columns=3).spans == (3, 1, 1, 1)
    assert grid_shape(2, width=118, height=30, gap=GAP, leading=2) == grid_shape(2, width=118, height=30, gap=GAP)


@given(
    count=st.integers(1, 60),
    width=st.integers(1, 400),
    height=st.integers(1, 120),
    columns=st.integers(0, 12),
    leading=st.integers(0, 2),
)
def test_no_cell_is_empty_and_charts_can_be_read(count, width, height, columns, leading):
    shape = grid_shape(count, width=width, height=height, gap=GAP, columns=columns, leading=leading)
    assert len(shape.spans) == count
    assert sum(shape.spans) % shape.columns == 0
    assert max(shape.spans) <= shape.columns
    assert min(shape.row_heights) >= 1
    assert sum(shape.row_heights) == height
    for span in shape.spans:
        if span < shape.columns:
            assert (width + GAP) * span // shape.columns - GAP >= SMALLEST_WIDTH
    places = list(shape.places())
    assert len(set(places)) == count
    assert places[0] == (0, 0)
    assert all(column + span <= shape.columns for (column, _), span in zip(places, shape.spans, strict=True))
    assert places == sorted(places, key=lambda place: (place[1], place[0]))
    rows = sum(shape.spans) // shape.columns
    if not shape.scrolls:
        assert min(shape.row_heights) >= SMALLEST_HEIGHT
        assert rows == len(shape.row_heights)


def test_the_user_s_columns_are_kept_as_far_as_there_is_room():
    assert grid_shape(10, width=200, height=50, gap=GAP, columns=5).across == 5
    assert grid_shape(10, width=60, height=50, gap=GAP, columns=5).across == 2
    assert grid_shape(3, width=200, height=50, gap=GAP, columns=5).across == 3
    assert grid_shape(10, width=200, height=50, gap=GAP, columns=5, leading=2).across == 5


def test_the_last_row_has_no_hole():
    assert grid_shape(10, width=200, height=30, gap=GAP, columns=4).spans == (1,) * 8 + (2, 2)
    assert grid_shape(11, width=200, height=30, gap=GAP, columns=4).spans == (1,) * 8 + (2, 1, 1)
