"""Bars with their numbers, in any width."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.session.bars import Bar, BarGroup, bar, bar_lines

LEVELS = BarGroup("levels", (Bar("level 0", 0.75, "75%"), Bar("level 1", 0.25, "25%"), Bar("levels 2–9", 0.0, "0%")))
TYPES = BarGroup("by terrain, level", (Bar("flat", 0.5, "0.50", "2.1"), Bar("stairs", None, "–")))


def test_groups_stand_side_by_side_where_there_is_room():
    assert bar_lines([LEVELS, TYPES], 75) == [
        "levels                                 by terrain, level",
        "  level 0     75%  ████████████▊         flat    0.50  2.1  ███████▌",
        "  level 1     25%  ████▎                 stairs     –",
        "  levels 2–9   0%",
    ]
    assert bar_lines([LEVELS, TYPES], 40) == [
        "levels",
        "  level 0     75%  ███████████████▊",
        "  level 1     25%  █████▎",
        "  levels 2–9   0%",
        "by terrain, level",
        "  flat    0.50  2.1  █████████▌",
        "  stairs     –",
    ]


def test_the_ends_of_a_long_name_are_kept_with_a_bar_beside_it():
    names = ("hf_pyramid_slope_of_the_steep_sort", "hf_pyramid_slope_of_the_steep_sort_inv")
    assert bar_lines([BarGroup("t", tuple(Bar(name, 1.0, "1.00") for name in names))], 36) == [
        "t",
        "  hf_pyramid…teep_sort  1.00  ██████",
        "  hf_pyramid…_sort_inv  1.00  ██████",
    ]


def test_nothing_is_drawn_of_no_groups():
    assert bar_lines([], 80) == []


@given(st.floats(0, 1), st.integers(1, 60))
def test_a_bar_is_as_long_as_its_share_and_seen_if_there_is_any(share, width):
    drawn = bar(share, width)
    assert len(drawn) <= width
    assert bool(drawn) == (share > 0)
    assert drawn.count("█") == int(round(share * width * 8) // 8)


shares = st.none() | st.floats(0, 1)
bars = st.builds(Bar, st.text(max_size=40), shares, st.sampled_from(["", "–", "100%"]), st.sampled_from(["", "2.1"]))
groups = st.builds(BarGroup, st.text(max_size=50), st.lists(bars, min_size=1, max_size=5).map(tuple))


@given(st.lists(groups, max_size=4), st.integers(-3, 150))
def test_no_line_is_wider_than_asked(several, width):
    assert all(len(line) <= max(width, 1) for line in bar_lines(several, width))
