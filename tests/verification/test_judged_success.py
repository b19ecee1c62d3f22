"""Success without a velocity command, and episodes that end at once."""

from __future__ import annotations

import math

import numpy as np
import pytest

from presets.success import Success
from tests.verification.trajectories import trajectory_of
from trainer_proc.verification.success import judge_of
from trainer_proc.verification.trajectory import JointEnds, reached_velocity, wear


def test_a_robot_that_falls_at_once_has_no_errors():
    judge = judge_of(Success(kind="velocity"))
    values = judge(trajectory_of([], survived=False), (0.5, 0.0, 0.0))
    assert values == {
        "success": 0.0, "survived": 0.0, "error/linear": None, "error/lateral": None, "error/yaw": None
    }  # fmt: skip
    ends = JointEnds(np.full((2, 2), np.inf), np.full((2, 2), np.inf))
    assert set(wear(trajectory_of([], survived=False), ends).values()) == {None}


def test_a_diverged_simulation_fails():
    velocities = np.full((20, 3), math.nan)
    assert judge_of(Success(kind="velocity"))(trajectory_of(velocities), (0.0, 0.0, 0.0))["success"] == 0.0


@pytest.mark.parametrize(
    ("tilt", "place", "expected"), [(0.1, 0.1, 1.0), (0.9, 0.1, 0.0), (0.1, 0.9, 0.0), (math.nan, 0.0, 0.0)]
)
def test_upright_stays_in_its_box_and_tilt(tilt, place, expected):
    positions = np.array([[0.0, 0.0, 1.0], [place, 0.0, 1.0]])
    found = trajectory_of(np.zeros((2, 3)), positions=positions, uprightness=np.array([1.0, math.cos(tilt)]))
    assert judge_of(Success(kind="upright"))(found, None)["success"] == expected


def test_upright_lets_a_robot_move_that_is_commanded_to():
    judge = judge_of(Success(kind="upright"))
    walking = trajectory_of(np.full((9, 3), (0.5, 0.0, 0.0)), positions=np.full((9, 3), 2.0))
    assert judge(walking, (0.5, 0.0, 0.0))["success"] == 1.0
    assert judge(walking, (0.0, 0.0, 0.0))["success"] == 0.0
    assert judge(walking, (0.0, 0.0, 0.0))["error/linear"] == pytest.approx(0.5)
    assert judge(trajectory_of(np.zeros((9, 3))), (0.0, 0.0, 0.0))["success"] == 1.0


def test_a_time_out_is_a_success():
    assert judge_of(Success())(trajectory_of(np.zeros((2, 3))), None) == {"success": 1.0, "survived": 1.0}
    assert judge_of(Success())(trajectory_of(np.zeros((2, 3)), survived=False), None)["success"] == 0.0


def test_a_success_that_only_the_environment_knows_has_no_judge():
    assert judge_of(Success(kind="environment")) is None


def test_the_velocity_reached_is_that_of_the_second_half():
    velocities = np.zeros((99, 3))
    velocities[50:, 0] = 1.0
    assert reached_velocity(trajectory_of(velocities, planned=100))["velocity/forward"] == pytest.approx(1.0)
    assert reached_velocity(trajectory_of(velocities[:40], planned=100))["velocity/forward"] is None
