"""Episodes in MuJoCo: what a cell says happens."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from presets.success import Success
from tests.verification.small_bundle import write_bundle
from trainer_proc.contract.bundle.gate import GateCell, Push

CELL = GateCell(name="stand", group="stand", command=(0.0, 0.0, 0.0), seconds=1.0, episodes=1)


@pytest.fixture
def player(tmp_path):
    """Return what makes the player of a bundle."""
    from trainer_proc.deploy.bundle import load_bundle
    from trainer_proc.verification.play import Player
    from trainer_proc.verification.success import judge_of

    def make(**changes):
        write_bundle(tmp_path, **changes)
        return Player(load_bundle(tmp_path), judge_of(Success(kind="velocity")))

    return make


def cell(**changes):
    return msgspec.structs.replace(CELL, **changes)


def test_a_block_that_stands_succeeds(player):
    values = player().play(CELL, 0)
    assert values["success"] == values["survived"] == 1.0
    assert values["error/linear"] < 0.01
    assert values["torque_saturation"] == values["joint_limits"] == 0.0


def test_a_block_that_should_walk_fails_by_its_speed(player):
    values = player().play(cell(command=(1.0, 0.0, 0.0)), 0)
    assert values["success"] == 0.0
    assert values["survived"] == 1.0
    assert values["error/linear"] == pytest.approx(1.0, abs=0.02)
    assert values["velocity/forward"] == pytest.approx(0.0, abs=0.02)


def test_a_pushed_tower_falls_and_its_episode_ends(player):
    made = player(width=0.04, height=0.4)
    push = cell(push=Push(0.2, 1.0, 0.0))
    assert made.play(CELL, 0)["survived"] == 1.0
    assert made.play(push, 0)["survived"] == 0.0
    trajectory = made.trajectory(push, 0)
    assert trajectory.steps < 49
    assert trajectory.velocities[:9, 0] == pytest.approx(0.0, abs=0.05)
    assert trajectory.velocities[10, 0] > 0.5


@pytest.mark.parametrize(("forward", "left"), [(0.5, 0.0), (0.0, 0.5), (-0.3, -0.3)])
def test_a_push_acts_in_the_axes_of_the_heading(player, forward, left):
    made = player()
    before = made.trajectory(CELL, 0)
    after = made.trajectory(cell(push=Push(0.02, forward, left)), 0)
    change = after.velocities[1] - before.velocities[1]
    assert math.atan2(change[1], change[0]) == pytest.approx(math.atan2(left, forward), abs=0.3)


def test_the_command_reaches_the_policy_and_its_action_the_motor(player):
    made = player(gain=1.0)
    quick = made.trajectory(cell(command=(1.0, 0.0, 0.0)), 0)
    assert quick.actions[:, 0] == pytest.approx(1.0)
    assert quick.joint_positions[-1, 0] == pytest.approx(0.5, abs=0.05)


def test_latency_repeats_the_first_action_then_lags_behind(player):
    made = player(feedback=20.0)
    now, late, later = (made.trajectory(cell(latency_steps=steps), 0).joint_positions[:, 0] for steps in (0, 1, 2))
    assert now[0] == late[0] == later[0]
    assert now[1] != late[1] == later[1]
    assert late[2] != later[2]


def test_weak_motors_move_the_arm_less(player):
    made = player(gain=1.0)
    strong = made.trajectory(cell(command=(1.0, 0.0, 0.0), motor_strength=1.1), 0)
    weak = made.trajectory(cell(command=(1.0, 0.0, 0.0), motor_strength=0.5), 0)
    assert weak.joint_positions[0, 0] < 0.8 * strong.joint_positions[0, 0]


def test_the_same_episode_is_the_same_and_noise_differs_by_episode(player):
    made = player()
    noisy = cell(name="noise", noise=1.0)
    first, again, other = made.trajectory(noisy, 0), made.trajectory(noisy, 0), made.trajectory(noisy, 1)
    assert np.array_equal(first.positions, again.positions)
    assert not np.array_equal(first.joint_positions, other.joint_positions)


def test_a_perturbed_start_tilts_the_robot(player):
    made = player()
    tilted = made.trajectory(cell(name="start", start=1.0), 0)
    assert tilted.uprightness[0] < made.trajectory(CELL, 0).uprightness[0] - 1e-4
    assert tilted.start_position[2] > 0.3


def test_a_simulation_that_diverges_is_a_fall_and_leaves_no_log(player, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = player(
        joint_armature=[1e-9], joint_stiffness=[1e9], joint_damping=[0.0], joint_effort_limits=[None], gain=1.0
    )
    assert made.play(cell(command=(1.0, 0.0, 0.0)), 0)["survived"] == 0.0
    assert not (tmp_path / "MUJOCO_LOG.TXT").exists()


def test_actions_that_overflow_have_no_rate(player):
    largest = 3.4e38  # of float32; the arm's offset at the start makes the sum larger
    made = player(gain=largest, feedback=largest)
    with np.errstate(invalid="ignore", over="ignore"):
        found = [made.play(cell(command=(1.0, 0.0, 0.0)), episode) for episode in range(4)]
    assert None in [values["action_rate"] for values in found]
    assert all(values["survived"] in (0.0, 1.0) for values in found)
