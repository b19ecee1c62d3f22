"""The view that all charts of a board share."""

from __future__ import annotations

import numpy as np
import pytest

from tui.session.board.chart_source import ChartSource
from tui.session.interventions.marks import Mark
from tui.session.metrics.history import MetricHistory
from tui.widgets.board.shared_view import SharedView

CELLS = 50


def run(name, iterations, marks=(), steps_each=10):
    history = MetricHistory()
    numbers = np.arange(iterations)
    history.series["a"].extend(numbers, numbers)
    history.timeline.extend(numbers, numbers * steps_each, numbers * 2)
    return ChartSource(name, history, marks)


@pytest.fixture
def view():
    return SharedView([run("walk", 1001, [Mark(500, "#1"), Mark(900, "#2")])], "iteration", 0.0)


def test_before_the_first_iteration_nothing_moves():
    view = SharedView([ChartSource("walk", MetricHistory())], "iteration", 0.6)
    before = view.base
    for move in (lambda: view.zoom(1), lambda: view.pan(1), view.follow, lambda: view.step_crosshair(1, CELLS)):
        move()
    assert view.base == before
    assert view.crosshair_texts() == []
    assert view.marks_at_crosshair(CELLS) == []


def test_zooming_keeps_the_crosshair_s_place_on_the_screen(view):
    view.base = view.base.with_crosshair(250.0)
    view.zoom(1)
    low, high = view.base.visible(view.extent)
    assert high - low == pytest.approx(500)
    assert (250 - low) / (high - low) == pytest.approx(0.25)
    assert view.base.crosshair == 250.0


def test_the_mouse_s_crosshair_goes_before_that_of_the_keys_and_gives_it_back(view):
    view.base = view.base.with_crosshair(250.0)
    view.hovered = 700.0
    assert view.current.crosshair == 700.0
    view.zoom_at(0.5, 700.0)
    assert view.base.crosshair == 250.0
    view.hovered = None
    assert view.current.crosshair == 250.0
    view.hovered = 700.0
    view.keep_crosshair()
    view.hovered = None
    assert view.current.crosshair == 700.0
    view.drop_crosshair()
    assert view.current.crosshair is None


def test_the_crosshair_begins_at_the_newest_data_and_moves_by_cells(view):
    view.step_crosshair(-1, CELLS)
    assert view.base.crosshair == 1000
    view.step_crosshair(-1, CELLS)
    assert view.base.crosshair == 980
    view.step_crosshair(1, CELLS)
    view.step_crosshair(1, CELLS)
    assert view.base.crosshair == 1000  # no further than the data


def test_the_crosshair_moves_by_whole_iterations_where_they_are_wide(view):
    for _ in range(7):
        view.zoom(1)
    view.step_crosshair(-1, CELLS)
    view.step_crosshair(-1, CELLS)
    assert view.base.crosshair == 999


def test_units_go_round_and_the_crosshair_stays_at_its_iteration(view):
    view.base = view.base.with_crosshair(250.0)
    units = []
    for _ in range(3):
        view.show_over(view.next_unit())
        units.append((view.base.unit, view.base.crosshair))
    assert units == [("steps", 2500.0), ("time", 500.0), ("iteration", 250.0)]


def test_a_unit_that_one_run_does_not_know_is_left_out():
    view = SharedView([run("walk", 10), run("run", 10, steps_each=0)], "iteration", 0.0)
    assert view.next_unit() == "time"


def test_what_is_under_the_crosshair_is_told_in_all_units(view):
    view.base = view.base.with_crosshair(500.0)
    assert view.crosshair_texts()[0] == "iteration 500 · 5000 steps · 0:16:40"
    assert view.marks_at_crosshair(CELLS) == [("", Mark(500, "#1"))]
    view.base = view.base.with_crosshair(700.0)
    assert view.marks_at_crosshair(CELLS) == []


def test_marks_of_several_runs_come_with_the_signs_of_their_curves():
    view = SharedView([run("walk", 100, [Mark(50, "#1")]), run("run", 100, [Mark(50, "#9")])], "iteration", 0.0)
    view.base = view.base.with_crosshair(50.0)
    assert view.marks_at_crosshair(CELLS) == [("●", Mark(50, "#1")), ("■", Mark(50, "#9"))]
    assert view.crosshair_texts() == ["iteration 50"]  # each has steps and times of its own
