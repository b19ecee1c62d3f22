"""Arrangement of charts in a grid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.widgets.board.grid_layout import SMALLEST_HEIGHT, SMALLEST_WIDTH, grid_shape

GAP = 2


@pytest.mark.parametrize(
    ("count", "width", "height", "columns", "scrolls"),
    [
        (10, 78, 10, 2, True),  # 80x24
        (10, 118, 19, 4, False),  # 120x40
        (10, 110, 56, 2, False),  # 200x60
        (11, 140, 66, 3, False),  # 250x70
        (14, 78, 10, 2, True),
        (1, 118, 19, 1, False),
    ],
)
def test_common_boards_in_common_terminals(count, width, height, columns, scrolls):
    shape = grid_shape(count, width=width, height=height, gap=GAP)
    assert (shape.columns, shape.scrolls) == (columns, scrolls)


@given(count=st.integers(1, 60), width=st.integers(1, 400), height=st.integers(1, 120), columns=st.integers(0, 12))
def test_no_cell_is_empty_and_charts_can_be_read(count, width, height, columns):
    shape = grid_shape(count, width=width, height=height, gap=GAP, columns=columns)
    assert len(shape.spans) == count
    assert sum(shape.spans) % shape.columns == 0
    assert max(shape.spans) <= shape.columns
    assert min(shape.row_heights) >= 1
    assert sum(shape.row_heights) == height
    if shape.columns > 1:
        assert (width + GAP) // shape.columns - GAP >= SMALLEST_WIDTH
    rows = sum(shape.spans) // shape.columns
    if not shape.scrolls:
        assert min(shape.row_heights) >= SMALLEST_HEIGHT
        assert rows == len(shape.row_heights)


def test_the_user_s_columns_are_kept_as_far_as_there_is_room():
    assert grid_shape(10, width=200, height=50, gap=GAP, columns=5).columns == 5
    assert grid_shape(10, width=60, height=50, gap=GAP, columns=5).columns == 2
    assert grid_shape(3, width=200, height=50, gap=GAP, columns=5).columns == 3


def test_the_last_row_has_no_hole():
    assert grid_shape(10, width=200, height=30, gap=GAP, columns=4).spans == (1,) * 8 + (2, 2)
    assert grid_shape(11, width=200, height=30, gap=GAP, columns=4).spans == (1,) * 8 + (2, 1, 1)
