"""Changed command knobs show in the commands that are sampled."""

from __future__ import annotations

import dataclasses

import pytest

from trainer_proc.contract.knob import refusal


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global CARTPOLE, PoseCommandCfg, Simulated, differ, torch, within
    import torch

    from tests.trainer.knobs.pose_command import PoseCommandCfg
    from tests.trainer.knobs.simulated import CARTPOLE, Simulated, differ, within


pytestmark = pytest.mark.real


def sampled(training):
    """Let all environments sample a velocity command and return it."""
    term = training.env.command_manager.get_term("twist")
    with torch.inference_mode():
        term.time_left.zero_()
        training.env.command_manager.compute(dt=training.env.step_dt)
    return term.vel_command_b.clone()


def test_commands_lie_in_the_new_ranges(g1):
    for share in ("forward", "standing", "world"):
        g1.set(f"command/twist/rel_{share}_envs", 0.0)
    g1.set("command/twist/lin_vel_x", (3.0, 3.5))
    g1.set("command/twist/lin_vel_y", (-2.5, -2.0))
    g1.set("command/twist/ang_vel_z", (1.0, 1.5))
    command = sampled(g1)
    assert within(command[:, 0], 3.0, 3.5)
    assert within(command[:, 1], -2.5, -2.0)
    assert within(command[:, 2], 1.0, 1.5)
    assert differ(command)
    assert g1.knobs["command/twist/lin_vel_x"].description.unit == "m/s"


@pytest.mark.parametrize(("share", "standing"), [(1.0, 6), (0.0, 0)])
def test_a_share_of_environments_stands(g1, share, standing):
    g1.set("command/twist/rel_standing_envs", share)
    sampled(g1)
    assert int(g1.env.command_manager.get_term("twist").is_standing_env.sum()) == standing
    description = g1.knobs["command/twist/rel_standing_envs"].description
    assert refusal(description, 1.5)
    assert refusal(description, -0.5)


def test_ranges_that_something_has_replaced_are_the_ones_that_are_turned(g1):
    cfg = g1.env.command_manager.get_term("twist").cfg
    cfg.ranges = dataclasses.replace(cfg.ranges, lin_vel_y=(0.5, 0.6))
    assert g1.knobs["command/twist/lin_vel_y"].read() == (0.5, 0.6)
    g1.set("command/twist/lin_vel_y", (0.7, 0.8))
    for share in ("forward", "standing", "world"):
        g1.set(f"command/twist/rel_{share}_envs", 0.0)
    assert within(sampled(g1)[:, 1], 0.7, 0.8)


def test_headings_and_their_stiffness(g1):
    g1.set("command/twist/rel_heading_envs", 1.0)
    g1.set("command/twist/rel_standing_envs", 0.0)
    g1.set("command/twist/heading", (1.0, 1.1))
    g1.set("command/twist/ang_vel_z", (-9.0, 9.0))
    sampled(g1)
    term = g1.env.command_manager.get_term("twist")
    assert within(term.heading_target, 1.0, 1.1)
    for stiffness in (0.5, 2.0):
        g1.set("command/twist/heading_control_stiffness", stiffness)
        with torch.inference_mode():
            g1.env.command_manager.compute(dt=g1.env.step_dt)
        assert torch.allclose(term.vel_command_b[:, 2], stiffness * term.heading_error)


def test_the_next_command_comes_when_the_new_range_says(g1):
    g1.set("command/twist/resampling_time_range", (50.0, 60.0))
    sampled(g1)
    assert within(g1.env.command_manager.get_term("twist").time_left, 50.0, 60.0)
    assert refusal(g1.knobs["command/twist/resampling_time_range"].description, (0.0, 1.0))


def test_switches_entities_and_drawing_are_no_knobs(g1):
    shown = {name.removeprefix("command/twist/") for name in g1.knobs if name.startswith("command/")}
    assert shown == {
        *("resampling_time_range", "heading_control_stiffness", "rel_standing_envs", "rel_heading_envs"),
        *("rel_world_envs", "rel_forward_envs", "init_velocity_prob"),
        *("lin_vel_x", "lin_vel_y", "ang_vel_z", "heading"),
    }


def test_any_command_has_its_numbers_and_says_what_it_only_reads_at_first():
    command = PoseCommandCfg(resampling_time_range=(100.0, 100.0))
    training = Simulated(CARTPOLE, 4, lambda cfg: cfg.commands.update(pose=command))
    shown = {name for name in training.knobs if name.startswith("command/")}
    axes = {f"command/pose/pose_range/{axis}" for axis in ("x", "y", "z", "roll", "pitch", "yaw")}
    others = {f"command/pose/{field}" for field in ("resampling_time_range", "smoothing", "drawn", "gains/all")}
    assert shown == axes | others
    read_only = {name for name in shown if training.knobs[name].description.read_only}
    assert read_only == {"command/pose/smoothing", "command/pose/drawn"}
    for _ in training.in_both_modes():
        training.set("command/pose/pose_range/z", (5.0, 6.0))
        training.set("command/pose/gains/all", 2.0)
        training.reset()
        target = training.env.command_manager.get_term("pose").target
        assert within(target[:, 0], 2.0, 4.0)
        assert within(target[:, 2], 10.0, 12.0)


def test_heading_shares_need_headings(g1):
    def edit(cfg):
        twist = g1.env.command_manager.get_term("twist").cfg
        ranges = dataclasses.replace(twist.ranges, heading=None)
        cfg.commands["twist"] = dataclasses.replace(
            twist, entity_name="cartpole", heading_command=False, debug_vis=False, ranges=ranges
        )

    training = Simulated(CARTPOLE, 2, edit)
    assert "heading_command" in training.knobs["command/twist/rel_heading_envs"].description.read_only
    assert "command/twist/heading" not in training.knobs
    assert not training.knobs["command/twist/lin_vel_x"].description.read_only
