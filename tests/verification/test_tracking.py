"""Policies that track a motion: played from its first pose to its end, and judged by how well they follow."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from tests.deploy.small_bundle import tracking_card, write_bundle
from tests.verification.test_verify import verify
from trainer_proc.contract.bundle.gate import GateCell, GateRefused, Push
from trainer_proc.contract.bundle.gate_plan import plan_of

FRAMES = 60
"""1.2 seconds."""
CELL = GateCell(name="motion", group="tracking", seconds=120.0, episodes=1)


@pytest.fixture(scope="module", autouse=True)
def imports():
    """Import what needs onnxruntime and MuJoCo."""
    global Player, Trajectory, joint_limit, judge_for, judge_tracking, load_bundle, motion_length, motion_of, robot_of
    from trainer_proc.deploy.bundle import load_bundle
    from trainer_proc.deploy.motion import motion_of
    from trainer_proc.deploy.mujoco_robot import robot_of
    from trainer_proc.verification.play import Player
    from trainer_proc.verification.success import judge_tracking
    from trainer_proc.verification.suite import judge_for
    from trainer_proc.verification.tracking import joint_limit, motion_length
    from trainer_proc.verification.trajectory import Trajectory


def motion(*, swing=0.05, height=0.0, turn=0.0):
    """Return a motion: the table's feet swing (rad); its top may rise by `height` (m) and turn by `turn` (rad)."""
    time = np.linspace(0.0, 1.0, FRAMES)[:, None]
    half = 0.5 * turn * time
    quaternion = np.concatenate([np.cos(half), 0 * half, 0 * half, np.sin(half)], axis=1)
    feet, top = 0.2 + 0 * time, 0.23 + height * time
    sideways = np.zeros((FRAMES, 2, 3))
    sideways[:, 0, 2:], sideways[:, 1, 2:] = feet, top
    return {
        "joint_pos": swing * np.sin(6.0 * time) * [1.0, -1.0],
        "joint_vel": np.zeros((FRAMES, 2)),
        "body_quat_w": np.stack([quaternion, quaternion], axis=1),
        "body_pos_w": sideways,
    }


def described(**changes):
    outputs = ["joint_pos", "joint_vel", "body_quat_w", "body_pos_w"]
    return msgspec.structs.replace(tracking_card(), **({"task_outputs": outputs} | changes))


def following():
    """Return the weights of a policy whose targets are the motion's joints."""
    weights = np.zeros((described().observation_size, 2))
    weights[8], weights[9] = (2.0, 0.0), (0.0, 2.0)  # the motion's joints over the scale
    weights[5] = (0.2, -0.2)  # gravity, -1, takes the offset away
    return weights


@pytest.fixture
def player(tmp_path):
    """Return what makes the player of a bundle."""

    def make(weights=None, **changes):
        write_bundle(tmp_path, described(), following() if weights is None else weights, motion=motion(**changes))
        bundle = load_bundle(tmp_path)
        return Player(bundle, judge_for(bundle.card)[0])

    return make


def test_a_policy_that_follows_succeeds_and_its_episode_ends_with_the_motion(player):
    made = player()
    values = made.play(CELL, 0)
    assert values["success"] == values["survived"] == 1.0
    assert 0.0 < values["error/joints"] < 0.05
    assert values["error/anchor"] < 0.05
    assert "error/linear" not in values
    trajectory = made.trajectory(CELL, 0)
    assert trajectory.steps == FRAMES - 1
    assert trajectory.tracking.shape == (FRAMES - 1, 2)


def test_a_policy_that_ignores_its_motion_fails_by_the_joints(player):
    values = player(np.zeros((described().observation_size, 2)), swing=0.6).play(CELL, 0)
    assert (values["success"], values["survived"]) == (0.0, 1.0)
    assert values["error/joints"] > 0.25


def test_a_policy_that_ignores_a_small_motion_fails_too(player):
    still = np.zeros((described().observation_size, 2))
    still[5] = (0.2, -0.2)  # gravity, -1, takes the offset away
    values = player(still, swing=0.25).play(CELL, 0)
    assert (values["success"], values["survived"]) == (0.0, 1.0)
    assert values["error/joints"] < 0.2


@pytest.mark.parametrize(
    ("swing", "expected"),
    [(0.0, 0.1), (0.1, 0.1), (0.3, 0.75 * 0.3 * np.mean(np.abs(np.sin(np.linspace(0.0, 6.0, FRAMES))))), (2.0, 0.25)],
)
def test_the_limit_of_the_joints_is_a_share_of_what_a_resting_robot_misses(tmp_path, swing, expected):
    write_bundle(tmp_path, described(), motion=motion(swing=swing))
    found = motion_of(load_bundle(tmp_path), described().joint_names)
    assert joint_limit(found, FRAMES) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("joints", "anchor", "expected"), [(0.11, 0.39, 1.0), (0.13, 0.0, 0.0), (0.0, 0.41, 0.0)])
def test_both_errors_are_judged_by_their_limits(joints, anchor, expected):
    errors = np.tile([joints, anchor], (3, 1))
    nothing = np.zeros((3, 3))
    trajectory = Trajectory(
        step_s=0.02,
        planned_steps=4,
        survived=True,
        velocities=nothing,
        positions=nothing,
        uprightness=np.ones(3),
        actions=nothing,
        joint_positions=nothing,
        joint_velocities=nothing,
        efforts=nothing,
        start_position=np.zeros(3),
        tracking=errors,
        joint_limit=0.12,
    )
    assert judge_tracking(trajectory)["success"] == expected


def test_a_robot_that_does_not_turn_with_the_motion_fails_by_its_anchor(player):
    values = player(turn=2.0).play(CELL, 0)
    assert (values["success"], values["survived"]) == (0.0, 1.0)
    assert values["error/anchor"] == pytest.approx(1.0, abs=0.1)


def test_a_robot_that_does_not_rise_with_the_motion_loses_it(player):
    made = player(height=0.5)
    assert made.play(CELL, 0)["survived"] == made.play(CELL, 0)["success"] == 0.0
    assert 0.4 * FRAMES < made.trajectory(CELL, 0).steps < 0.6 * FRAMES


def test_an_episode_starts_in_the_first_pose_of_the_motion(player, tmp_path):
    write_bundle(tmp_path, described(), motion=motion(swing=0.0, turn=0.0) | _first_pose())
    bundle = load_bundle(tmp_path)
    made = Player(bundle, judge_for(bundle.card)[0])
    first = made.trajectory(CELL, 0)
    assert first.joint_positions[0] == pytest.approx([0.3, -0.3], abs=0.1)
    assert first.tracking[0, 1] == pytest.approx(0.0, abs=0.05)


def _first_pose():
    """Return joints and orientations that are far from the default pose and the world's axes."""
    quaternion = [np.cos(0.5), 0.0, 0.0, np.sin(0.5)]
    return {
        "joint_pos": np.tile([0.3, -0.3], (FRAMES, 1)),
        "body_quat_w": np.tile(quaternion, (FRAMES, 2, 1)),
    }


def test_a_push_later_than_half_of_a_short_motion_comes_in_its_middle(player):
    made = player()
    push = msgspec.structs.replace(CELL, group="pushes", push=Push(2.0, 0.5, 0.0))
    before, after = made.trajectory(CELL, 0).velocities[:, 0], made.trajectory(push, 0).velocities[:, 0]
    assert after[: FRAMES // 2] == pytest.approx(before[: FRAMES // 2])
    assert after[FRAMES // 2] - before[FRAMES // 2] > 0.1


def test_the_length_of_a_motion_is_that_until_it_rests(tmp_path):
    write_bundle(tmp_path, described(), motion=motion())
    bundle = load_bundle(tmp_path)
    found = motion_of(bundle, described().joint_names)
    assert motion_length(bundle.card, found) == FRAMES


@pytest.mark.parametrize(("frames", "expected"), [(40, 40), (10_000, 6000)])
def test_a_card_that_knows_the_length_is_believed(tmp_path, frames, expected):
    (command,) = described().commands
    write_bundle(tmp_path, described(commands=[msgspec.structs.replace(command, frames=frames)]), motion=motion())
    bundle = load_bundle(tmp_path)
    assert motion_length(bundle.card, motion_of(bundle, bundle.card.joint_names)) == expected


def test_the_plan_has_the_whole_motion_and_the_disturbances():
    cells = plan_of(described(), "quick")
    assert [cell.group for cell in cells][:2] == ["tracking", "pushes"]
    assert {cell.group for cell in cells} == {"tracking", "pushes", "starts", "motors", "latency", "noise"}
    assert not any(cell.command for cell in cells)


def test_the_worker_verifies_a_tracking_policy(tmp_path):
    write_bundle(tmp_path / "bundle", described(), following(), motion=motion())
    found = verify(tmp_path / "bundle", tmp_path)
    assert found.groups[0].group == "tracking"
    assert found.groups[0].means["success"].value == 1.0
    assert "motion of 1.2 s" in found.notes


def test_a_motion_without_its_positions_or_that_is_not_observed_is_refused(tmp_path):
    with pytest.raises(GateRefused, match="task_outputs: expected body_pos_w of the motion, got joint_pos, joint_vel"):
        judge_for(tracking_card())
    with pytest.raises(GateRefused, match="observation_terms: expected a term of the motion"):
        judge_for(described(observation_terms=tracking_card().observation_terms[:3]))
