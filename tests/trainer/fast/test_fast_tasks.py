"""Fast mode on mjlab's other tasks, captured by a tape: the same numbers as eagerly."""

from __future__ import annotations

import pytest

from tests.standing_motion import write_standing_motion

pytestmark = pytest.mark.real


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global CARTPOLE, G1, ROUGH, Simulated, built, certain, equal, fast, played
    global small, torch
    import torch

    from tests.trainer.fast.compared import built, certain, equal, fast, played
    from tests.trainer.knobs.rough import ROUGH, small
    from tests.trainer.knobs.simulated import CARTPOLE, G1, Simulated


STEPS = 22
"""Every episode ends once."""


def compared(task, edit):
    """Return why parts run eagerly, by name."""
    env = built(task, edit)
    _, report = fast(env)
    equal(played(env, STEPS), played(built(task, edit), STEPS))
    return report.eager()


def test_terrain_with_its_curriculum_and_rays(taped):
    def edit(cfg):
        levels = cfg.curriculum["terrain_levels"]
        small(cfg)
        certain(cfg)
        cfg.curriculum["terrain_levels"] = levels

    assert compared(ROUGH, edit) == {}


def test_a_command_that_replaces_what_graphs_read(taped, tmp_path):
    motion = str(write_standing_motion(tmp_path / "standing.npz"))

    def edit(cfg):
        certain(cfg)
        command = cfg.commands["motion"]
        command.motion_file, command.sampling_mode, command.joint_position_range = motion, "start", (0.0, 0.0)
        command.pose_range, command.velocity_range = {}, {}

    reason = "motion: MotionCommand samples lists of environments"
    assert compared("Mjlab-Tracking-Flat-Unitree-G1", edit) == {"commands": reason, "episode ends": f"command {reason}"}


def test_a_task_with_objects(taped):
    def edit(cfg):
        certain(cfg)
        command = cfg.commands["lift_height"]
        command.resampling_time_range = (0.2, 0.2)
        for ranges in (command.object_pose_range, command.target_position_range):
            for axis in vars(ranges):
                setattr(ranges, axis, (0.3, 0.3) if axis != "z" else (0.03, 0.03))

    assert compared("Mjlab-Lift-Cube-Yam", edit).keys() == {"commands", "episode ends"}


@pytest.mark.parametrize("name", ["Reach", "Jump", "LocoManipulation"])
def test_tasks_with_a_goal(taped, name):
    def edit(cfg):
        certain(cfg)
        (command,) = cfg.commands.values()
        command.resampling_time_range = (10.0, 10.0) if name == "LocoManipulation" else (0.25, 0.25)
        for field, (low, _) in vars(command.ranges).items():
            setattr(command.ranges, field, (low, low))
        if name == "Jump":  # dropped from 0.1 m, they are in flight when they are commanded
            command.wait_time_s = (0.02, 0.02)

    assert compared(f"HumanoidTui-{name}-Flat-Unitree-G1", edit).keys() == {"commands", "episode ends"}


def test_several_tasks_of_which_one_jumps(taped):
    def edit(cfg):
        certain(cfg)
        twist, jump = cfg.commands.values()
        twist.ranges.heading = None  # these tasks follow none
        twist.weights |= dict.fromkeys(("stand", "walk", "run", "turn"), 0.0)
        jump.ranges.height, jump.resampling_time_range, jump.wait_time_s = (0.05, 0.05), (0.25, 0.25), (0.02, 0.02)

    assert compared("HumanoidTui-Multitask-Flat-Unitree-G1", edit).keys() == {"commands", "episode ends"}


@pytest.mark.parametrize("mode", ["eager", "captured"])
def test_episodes_start_at_the_commanded_velocity_once_a_knob_says_so(mode):
    with Simulated(G1, 4, lambda cfg: cfg.curriculum.clear()).in_mode(mode) as training:
        for share in ("forward", "standing", "world"):
            training.set(f"command/twist/rel_{share}_envs", 0.0)
        training.set("command/twist/lin_vel_x", (3.0, 3.1))
        training.set("command/twist/init_velocity_prob", 1.0)
        training.env.episode_length_buf[1:] = training.env.max_episode_length
        training.step()
        speed = training.data.root_link_lin_vel_b[:, 0]
        assert (speed[1:] > 2.9).all()
        assert speed[0] < 2.0


def test_an_end_of_episodes_that_someone_has_replaced_is_called(taped):
    env = built(CARTPOLE, certain)
    ended, reset = [], env._reset_idx

    def reset_and_tell(env_ids=None):
        ended.extend(env_ids.tolist())
        reset(env_ids)

    env._reset_idx = reset_and_tell
    _, report = fast(env)
    played(env, STEPS)
    assert set(ended) == set(range(env.num_envs))
    assert "replaced" in report.eager()["episode ends"]


def test_a_wrapper_of_the_end_of_episodes_outlives_fast_mode(taped):
    env = built(CARTPOLE, certain)
    step, _ = fast(env)
    ended, reset = [], env._reset_idx

    def reset_and_tell(env_ids=None):
        ended.extend(env_ids.tolist())
        reset(env_ids)

    env._reset_idx = reset_and_tell
    step.remove()
    played(env, STEPS)
    assert set(ended) == set(range(env.num_envs))
