"""Few dashboards and few runs; `python -m tests.chaos` has many, and a long time."""

from __future__ import annotations

from random import Random

from tests.chaos import crowds


def test_killed_dashboards_leave_the_training_alone(tmp_path):
    assert crowds.dashboards_killed(tmp_path, 2, Random(1)) == []


def test_several_runs_train_at_once_and_are_listed(tmp_path):
    assert crowds.many_runs(tmp_path, 3, 8) == []
