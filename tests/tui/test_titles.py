"""Metrics are named as on the screen: by role, title of a chart, term, or last part of their name."""

from __future__ import annotations

import pytest

from curricula.errors import UsageError
from tui.session.board.plans import named_board, role_called
from tui.session.board.titles import metrics_called

NAMES = (
    *("Train/mean_reward", "Policy/kl", "Loss/value", "Loss/entropy", "Perf/total_fps", "Perf/learning_time"),
    *("Episode_Reward/air_time", "Episode_Reward/pose", "Episode_Termination/time_out", "Metrics/twist/error_vel_xy"),
    *("Curriculum/velocity/level", "Curriculum/terrain/level", "Curriculum/command/lin_x_min"),
    *("Curriculum/command/lin_x_max", "Success/terrain/flat", "a/same", "b/same"),
    *("Success/score", "Success/score/survival", "Success/error/linear", "Success/error/yaw", "Success/part/yaw"),
    "Success/instant_error/lateral",
)
CURRICULA = ("velocity", "terrain")


@pytest.mark.parametrize(
    ("text", "metrics"),
    [
        ("Loss/value", ["Loss/value"]),
        ("loss/VALUE", ["Loss/value"]),
        ("kl", ["Policy/kl"]),
        ("KL", ["Policy/kl"]),
        ("Value loss", ["Loss/value"]),
        ("steps/s", ["Perf/total_fps"]),
        ("air_time", ["Episode_Reward/air_time"]),
        ("time_out", ["Episode_Termination/time_out"]),
        ("twist/error_vel_xy", ["Metrics/twist/error_vel_xy"]),
        ("error_vel_xy", ["Metrics/twist/error_vel_xy"]),
        ("learning_time", ["Perf/learning_time"]),
        ("levels", ["Curriculum/velocity/level", "Curriculum/terrain/level"]),
        ("success, flat", ["Success/terrain/flat"]),
        ("success, yaw", ["Success/part/yaw"]),
        ("score", ["Success/score"]),
        ("score, survival", ["Success/score/survival"]),
        ("error, forward (m/s)", ["Success/error/linear"]),
        ("error, yaw (rad/s)", ["Success/error/yaw"]),
        ("instant error, lateral (m/s)", ["Success/instant_error/lateral"]),
        ("command/lin_x", ["Curriculum/command/lin_x_min", "Curriculum/command/lin_x_max"]),
    ],
)
def test_every_name_on_the_screen_is_known(text, metrics):
    assert list(metrics_called(text, NAMES, CURRICULA)) == metrics


def test_the_title_of_a_single_curriculum_is_known_too():
    names = ("Policy/kl", "Curriculum/velocity/level")
    assert metrics_called("velocity level", names, ["velocity"]) == ("Curriculum/velocity/level",)


def test_several_that_fit_and_none_are_told():
    with pytest.raises(UsageError, match="2 metrics are called same: a/same, b/same"):
        metrics_called("same", NAMES)
    with pytest.raises(UsageError, match=r"no such metric: Polcy/kl; nearest: Policy/kl"):
        metrics_called("Polcy/kl", NAMES)
    with pytest.raises(UsageError, match=r"no such metric: success rate; nearest: Success/score$"):
        metrics_called("success rate", NAMES)


def test_a_metric_whose_name_is_a_role_s_title_is_itself():
    assert metrics_called("KL", ["KL", "Policy/kl"]) == ("KL",)
    assert named_board(["KL"], ["KL", "Policy/kl"])[0].metrics == ("KL",)


def test_the_settings_know_titles_too():
    board = named_board(["KL", "success rate + value loss"], NAMES)
    assert [plan.metrics for plan in board] == [("Policy/kl",), ("Train/success_rate", "Loss/value")]
    assert [plan.title for plan in board] == ["KL", "success rate"]
    assert (role_called("KL"), role_called("steps/s"), role_called("Loss/value")) == ("kl", "steps_per_second", None)
