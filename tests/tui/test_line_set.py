"""A set of line numbers answers as a list of them would, and never grows without bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.session.log import line_set
from tui.session.log.line_set import AllLines, LineSet

lines = st.lists(st.integers(0, 60), max_size=40).map(lambda numbers: sorted(set(numbers)))


@given(lines)
def test_rows_and_lines_are_those_of_a_list(numbers):
    found = LineSet()
    for number in numbers:
        found.add(number)
        found.add(number)  # a second time changes nothing
    assert len(found) == len(numbers)
    assert [found.line_at(row) for row in range(len(found))] == numbers
    for line in range(70):
        assert (line in found) == (line in numbers)
        assert found.row_of(line) == sum(number < line for number in numbers)


def test_all_lines_are_their_own_rows():
    every = AllLines(3)
    assert (len(every), every.line_at(2), every.row_of(2), every.row_of(9)) == (3, 2, 2, 3)
    assert 2 in every
    assert 3 not in every
    assert -1 not in every


def test_neighbours_are_one_run_and_the_oldest_runs_are_forgotten(monkeypatch):
    monkeypatch.setattr(line_set, "LARGEST", 10)
    found = LineSet()
    for number in range(1000):
        found.add(number)
    assert len(found) == 1000
    for number in range(2000, 2100, 2):
        found.add(number)
    kept = [found.line_at(row) for row in range(len(found))]
    assert len(kept) <= 10
    assert kept == list(range(2100 - 2 * len(kept), 2100, 2))
    assert [found.row_of(line) for line in kept] == list(range(len(kept)))


def test_a_line_before_the_last_is_not_taken_in():
    found = LineSet()
    found.add(5)
    found.add(3)
    assert [found.line_at(row) for row in range(len(found))] == [5]


@pytest.mark.parametrize("line", [0, 5])
def test_an_empty_set_has_no_lines(line):
    assert line not in LineSet()
    assert LineSet().row_of(line) == 0
