"""The backflip that ships: what mjlab's loader reads of it, and that its plan makes it in the simulator."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

STANDING_S = 1.0


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global BACKFLIP, Robot, motion_bytes, mujoco, play, search, task_model
    import mujoco

    from trainer_proc.motions.backflip import BACKFLIP
    from trainer_proc.motions.motion_file import motion_bytes
    from trainer_proc.motions.play import play
    from trainer_proc.motions.robot import Robot
    from trainer_proc.motions.search import search
    from trainer_proc.motions.task_model import task_model


@pytest.fixture(scope="module")
def task():
    return task_model()


@pytest.fixture(scope="module")
def robot(task):
    return Robot(task)


@pytest.fixture(scope="module")
def arrays():
    from trainer_proc.simulators.mjlab.tasks.g1_backflip import MOTION

    with np.load(MOTION) as file:
        return dict(file)


@pytest.fixture(scope="module")
def motion(robot):
    """Return the motion as mjlab's loader reads it, with all bodies of the robot."""
    import torch
    from mjlab.tasks.tracking.mdp.commands import MotionLoader

    from trainer_proc.simulators.mjlab.tasks.g1_backflip import MOTION

    return MotionLoader(MOTION, torch.arange(robot.model.nbody - 2))  # without the world and the ground


@pytest.fixture(scope="module")
def poses(robot, motion):
    """Return a function that puts the robot into a frame, and yields the model and the data."""

    def pose(frame):
        data = robot.data
        data.qpos[:3], data.qpos[3:7] = motion.body_pos_w[frame, 0], motion.body_quat_w[frame, 0]
        data.qpos[7:] = motion.joint_pos[frame]
        mujoco.mj_fwdPosition(robot.model, data)
        return data

    return pose


def pitch(motion):
    """Return the pitch of the pelvis in each frame, with whole turns (rad)."""
    w, y = motion.body_quat_w[:, 0, 0], motion.body_quat_w[:, 0, 2]
    return np.unwrap(2.0 * np.arctan2(y.numpy(), w.numpy()))


def test_it_is_one_whole_turn_backward_and_ends_upright(motion):
    angles = pitch(motion)
    assert angles[0] == pytest.approx(0.0, abs=0.1)
    last_second = angles[-round(STANDING_S * 50) :]
    assert np.abs(last_second + math.tau).max() < 0.5
    assert motion.body_pos_w[-50:, 0, 2].min() > 0.5


def test_feet_are_on_the_ground_at_both_ends_and_nothing_is_below_it(robot, motion, poses):
    flight = []
    for frame in range(motion.time_step_total):
        poses(frame)
        assert robot.sunk() < 0.02, frame
        flight.append(not robot.contacts()[0])
    ankles = [robot.model.body(f"robot/{side}_ankle_roll_link").id - 2 for side in ("left", "right")]
    heights = motion.body_pos_w[:, ankles, 2].numpy()
    assert heights[0] == pytest.approx([0.035, 0.035], abs=0.01)  # of a flat sole on the ground
    assert heights[-50:] == pytest.approx(np.full((50, 2), 0.035), abs=0.01)
    assert heights[40:65].min() > 0.1
    assert 0.5 < sum(flight[:70]) / 50 < 0.8


def test_joints_stay_within_their_range(robot, motion):
    joints, limits = motion.joint_pos.numpy(), robot.model.jnt_range[1:]
    assert (joints > limits[:, 0] - 0.02).all()
    assert (joints < limits[:, 1] + 0.02).all()


def test_bodies_and_velocities_are_those_of_the_joints(robot, motion, poses):
    for frame in (0, 40, 60, motion.time_step_total - 1):
        assert motion.body_pos_w[frame].numpy() == pytest.approx(poses(frame).xpos[2:], abs=2e-3)
    moved = np.gradient(motion.body_pos_w[:, 0].numpy(), 0.02, axis=0)
    in_flight = slice(45, 60)
    assert motion.body_lin_vel_w[in_flight, 0].numpy() == pytest.approx(moved[in_flight], abs=0.3)


def test_its_plan_makes_it_in_the_simulator_with_the_motors_torques_alone(robot, arrays):
    plan = BACKFLIP.start.with_vector(arrays["plan"])
    played = play(robot, plan, BACKFLIP.seconds)
    assert played.is_whole
    assert (np.abs(played.torques) <= robot.torque_limits + 1e-6).all()
    assert not robot.data.qfrc_applied.any()
    assert not robot.data.xfrc_applied.any()
    assert not played.contacts[:, 1].any()  # only feet touch the ground
    flight = slice(played.take_off, played.touchdown)
    times = np.arange(played.touchdown - played.take_off) * played.step_dt
    parabola = np.polyfit(times, played.centre[flight, 2], 2)
    assert 2.0 * parabola[0] == pytest.approx(-9.81, rel=0.05)
    # another processor may round otherwise, and a landing enlarges that
    until, ends = played.touchdown, robot.model.jnt_range[1:]
    joints = np.clip(played.qpos[:until, 7:], ends[:, 0], ends[:, 1])
    assert arrays["joint_targets"][:until] == pytest.approx(played.targets[:until], abs=0.02)
    assert arrays["joint_pos"][:until] == pytest.approx(joints, abs=0.02)
    assert np.abs(joints - played.qpos[:until, 7:]).max() < 0.25  # MuJoCo's stops are soft


def test_the_file_is_the_same_for_the_same_plan(robot):
    played = play(robot, BACKFLIP.start, 0.2)
    assert motion_bytes(robot, BACKFLIP.start, played) == motion_bytes(robot, BACKFLIP.start, played)


def test_a_search_finds_the_same_plan_with_any_number_of_processes(task):
    heard = []
    found = [
        search(
            task,
            BACKFLIP,
            seed=3,
            generations=1,
            samples=4,
            processes=processes,
            report=lambda *now: heard.append(now),
        )
        for processes in (1, 2)
    ]
    assert found[0] == found[1]
    assert [done for done, _ in heard] == [1, 1]
    assert heard[0] == heard[1]


def test_a_flip_costs_less_than_one_that_falls_and_that_less_than_standing(robot, arrays):
    def cost(plan):
        return BACKFLIP.cost(robot, play(robot, plan, BACKFLIP.judged_seconds))

    flip = BACKFLIP.start.with_vector(arrays["plan"])
    stand = replace(BACKFLIP.start, keyframes=BACKFLIP.start.keyframes[-1:])
    assert not play(robot, BACKFLIP.start, BACKFLIP.judged_seconds).is_whole
    assert cost(flip) < cost(BACKFLIP.start) < cost(stand)
