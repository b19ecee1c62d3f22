"""Numbers as a line of text."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.session.sparkline import resampled, sparkline

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80)


def test_a_line_goes_from_the_lowest_to_the_highest():
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([3, 3, 3]) == "▄▄▄"
    assert sparkline([]) == ""


def test_what_is_not_finite_is_a_gap():
    assert sparkline([0, math.nan, 1, math.inf]) == "▁ █ "
    assert sparkline([math.nan]) == " "


def test_two_lines_on_one_scale_can_be_compared():
    assert sparkline([0, 1], 0, 8) == "▁▂"
    assert sparkline([9, -1], 0, 8) == "█▁"  # beyond the scale


@given(NUMBERS)
def test_higher_values_never_stand_lower(values):
    cells = sparkline(values)
    assert len(cells) == len(values)
    by_value = [cell for _, cell in sorted(zip(values, cells, strict=True))]
    assert by_value == sorted(by_value)


@given(NUMBERS, st.integers(1, 100))
def test_parts_are_means_of_as_many_neighbours(values, count):
    parts = resampled(values, count)
    assert len(parts) == min(len(values), count)
    if len(values) % len(parts) == 0:
        each = len(values) // len(parts)
        expected = [sum(values[i : i + each]) / each for i in range(0, len(values), each)]
        assert parts == pytest.approx(expected)
    assert min(values) - 1e-6 <= min(parts) <= max(parts) <= max(values) + 1e-6
