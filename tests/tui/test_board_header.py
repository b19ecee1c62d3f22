"""Text of a board's header line at different widths."""

from __future__ import annotations

import pytest

from tui.charts.view import ChartView
from tui.session.board.pages import Page
from tui.session.board.plans import plan_of_metrics
from tui.session.interventions.marks import Mark
from tui.widgets.board.header_text import (
    crosshair_texts,
    header_line,
    marks_near,
    marks_text,
    place_text,
    view_texts,
)

PAGES = (
    Page("overview", (plan_of_metrics("a"), plan_of_metrics("b"))),
    Page("rewards", (plan_of_metrics("c"),), left_out=4),
    Page("pinned", ()),
)
ALL = ["iteration: all · smooth 0.6", "smooth 0.6", ""]


@pytest.mark.parametrize(
    ("width", "left", "right"),
    [
        (70, " 1 overview (2)  2 rewards (5)  3 pinned", "iteration: all · smooth 0.6"),
        (64, " 1 overview  2 rewards  3 pinned", "iteration: all · smooth 0.6"),
        (50, " 1 overview  2 rewards  3 pinned", "smooth 0.6"),
        (46, " 1 overview  2 rewards  3 pinned", "smooth 0.6"),
        (44, " 1  2 rewards  3", "smooth 0.6"),
        (20, " 1  2 rewards  3", ""),
        (5, " 1  2", ""),
    ],
)
def test_the_most_that_fits_is_said(width, left, right):
    text = header_line(PAGES, 1, ALL, width).text
    assert len(text) == width
    assert text == left + right.rjust(width - len(left))


@pytest.mark.parametrize("width", [5, 20, 30, 40, 50, 64, 70, 200])
def test_each_tab_is_where_its_page_is_named(width):
    line = header_line(PAGES, 1, ALL, width)
    for tab in line.tabs:
        assert line.text[tab.start : tab.end].split()[0] == str(tab.page + 1)
    assert all(tab.end <= width for tab in line.tabs)


@pytest.mark.parametrize(
    ("view", "logs", "text"),
    [
        (ChartView(), 0, "iteration: all"),
        (ChartView(smoothing=0.6), 1, "iteration: all · smooth 0.6 · log y"),
        (ChartView(range=(120.4, 340.0)), 0, "iteration 120–340"),
        (ChartView(follow=200.0), 0, "iteration: last 200"),
        (ChartView(unit="steps", range=(1.2e6, 3.45e7)), 0, "steps 1.2M–34.5M"),
        (ChartView(unit="time", follow=3725.0), 0, "time: last 1:02:05"),
    ],
)
def test_the_view_is_told_in_ever_fewer_words(view, logs, text):
    texts = view_texts(view, logs)
    assert texts[0] == text
    assert texts[-1] == ""
    assert sorted(texts, key=len, reverse=True) == texts


def test_charts_for_which_there_is_no_place_are_told():
    assert view_texts(ChartView(), 0, charts_left_out=7)[0] == "7 more: f finds · iteration: all"


def test_the_crosshair_is_told_in_the_unit_of_the_axis_first():
    assert crosshair_texts([("iteration", 312.0), ("steps", 1.25e6), ("time", 61.0)]) == [
        "iteration 312 · 1.25M steps · 0:01:01",
        "iteration 312 · 1.25M steps",
        "iteration 312",
    ]
    assert crosshair_texts([("time", 61.0), ("iteration", 312.0)])[-1] == "0:01:01"


@pytest.mark.parametrize(
    ("place", "unit", "text"),
    [
        (312.4, "iteration", "312"),
        (12_345_678.0, "steps", "12.35M"),
        (0.0, "time", "0:00:00"),
        (90061.0, "time", "25:01:01"),
    ],
)
def test_places_are_written_in_their_unit(place, unit, text):
    assert place_text(place, unit) == text


# --- marks ---

FIRST, SECOND = Mark(10, "#1", "user", "a 1 → 2"), Mark(12, "#2", "curriculum", "level 0 → 1")


def test_marks_within_a_cell_are_near():
    placed = [(10.0, "", FIRST), (12.0, "", SECOND)]
    assert marks_near(placed, 11.0, 1.0) == [("", FIRST), ("", SECOND)]
    assert marks_near(placed, 9.0, 1.0) == [("", FIRST)]
    assert marks_near(placed, 20.0, 1.0) == []


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (60, "◆ #2 level 0 → 1  ▼ ●#1 a 1 → 2"),
        (30, "◆ #2 level 0 → 1  (+1)"),
        (15, "◆ #2 lev…  (+1)"),
    ],
)
def test_the_newest_mark_is_told_first_and_what_has_no_place_is_counted(width, text):
    assert marks_text([("●", FIRST), ("", SECOND)], width) == text
    assert len(text) <= width


def test_no_marks_say_nothing():
    assert marks_text([], 40) == ""
