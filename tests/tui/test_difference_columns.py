"""The table of differences: columns in which different values look different."""

from __future__ import annotations

import pytest

from tui.session.runs.compare import Difference, KnobValues
from tui.session.runs.difference_columns import difference_cells, fit_differences

TASKS = Difference("run.toml", "task", ("Mjlab-Velocity-Flat-Unitree-G1", "Mjlab-Velocity-Rough-Unitree-G1"))
SEEDS = Difference("run.toml", "seed", (42, 7))
NOISE = [
    Difference("knob", f"observation/actor/{term}/noise", (KnobValues((-0.1, 0.1), (-0.1, 0.1)), None))
    for term in ("base_lin_vel", "base_ang_vel")
]


@pytest.mark.parametrize("width", range(44, 120, 5))
def test_different_names_and_values_look_different_in_any_width(width):
    found = [TASKS, SEEDS, *NOISE]
    columns = fit_differences(found, ["● a", "■ b"], width)
    rows = difference_cells(found, columns)
    assert columns.whole <= max(width, 60)
    assert len({row[0] for row in rows}) == len(rows)
    assert all(row[-1] != row[-2] for row in rows)
    for row in rows:
        assert [len(cell) for cell in row if len(cell) > max(columns.name, *columns.values)] == []


def test_what_values_have_in_common_is_cut_first():
    columns = fit_differences([TASKS], ["● a", "■ b"], 48)
    assert difference_cells([TASKS], columns)[0][1:] == ("Mjl…ty-Flat-Un…-G1", "Mjl…ty-Rough-Un…-G1")


def test_values_that_need_less_leave_their_room_to_the_others():
    long = Difference("run.toml", "name", ("x", "a name of some twenty letters"))
    columns = fit_differences([long], ["● a", "■ b"], 60)
    assert difference_cells([long], columns)[0][1:] == ("x", "a name of some twenty letters")
    assert columns.values[0] < columns.values[1]


def test_without_defaults_there_is_no_column_for_them():
    assert fit_differences([SEEDS], ["● a", "■ b"], 80).default == 0
    assert fit_differences(NOISE, ["● a", "■ b"], 80).default == len("-0.1:0.1")


def test_equal_values_stay_equal_when_they_are_cut():
    values = ("Mjlab-Velocity-Flat-Unitree-G1", "Mjlab-Velocity-Flat-Unitree-G1", "Mjlab-Velocity-Rough-Unitree-G1")
    found = [Difference("run.toml", "task", values)]
    row = difference_cells(found, fit_differences(found, ["a", "b", "c"], 60))[0]
    assert row[1] == row[2] != row[3]
