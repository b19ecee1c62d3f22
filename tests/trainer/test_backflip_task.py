"""`g1-backflip`: when a flip succeeds. Robots are put into each frame of the motion, and step from there."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.real

COUNT = 4


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global actions_not_included, built, describe_actions, find_suite, step, torch, value
    import torch

    from tests.trainer.goal_tasks import built, step, value
    from trainer_proc.evaluation.suites.registry import find_suite
    from trainer_proc.export.actions import actions_not_included, describe_actions


@pytest.fixture(scope="module")
def stage():
    with built("g1-backflip", COUNT) as stage:
        yield stage


@pytest.fixture
def command(stage):
    """Return the motion's command in episodes that have begun with the first frame, as in the suite."""
    command = stage.task.command_manager.get_term("motion")
    command.hold_goals(torch.zeros(COUNT, 0))
    stage.reset(1)
    return command


def follow(stage, command, first, last):
    """Put all robots into each frame from `first` on, before they step to the next one; the last is not passed."""
    for frame in range(first, last):
        command.reset_to_frame(torch.arange(COUNT), frame)
        stage.task.sim.forward()
        step(stage)


def frames(command):
    return int(command.motion.time_step_total)


def test_a_whole_flip_succeeds_once_the_robot_has_stood_for_a_second(stage, command):
    total = frames(command)
    follow(stage, command, 0, total - 60)
    assert command.turned.tolist() == pytest.approx([1.0] * COUNT, abs=0.2)
    assert value(stage, "standing_after_turn").tolist() == [1.0] * COUNT
    follow(stage, command, total - 60, total - 2)
    assert command.episode_success.tolist() == [1.0] * COUNT
    assert command.metrics["landed"].tolist() == [1.0] * COUNT


def test_standing_without_the_turn_is_neither_rewarded_nor_a_success(stage, command):
    total = frames(command)
    follow(stage, command, total - 60, total - 2)
    assert command.is_upright.all()
    assert command.turned.tolist() == pytest.approx([0.0] * COUNT, abs=0.2)
    assert not value(stage, "standing_after_turn").any()
    assert not command.episode_success.any()


def test_a_turn_without_standing_is_no_success(stage, command):
    follow(stage, command, 0, frames(command) - 75)
    assert not command.episode_success.any()


def test_an_episode_that_begins_later_has_the_turn_before_it(stage, command):
    command.cfg.sampling_mode, command.cfg.first_frame_share = "uniform", 0.0
    for seed in range(10):
        stage.reset(seed)
        landed = command.time_steps > frames(command) - 60
        early = command.time_steps < 15
        assert command.turned[landed].tolist() == pytest.approx([1.0] * int(landed.sum()), abs=0.2)
        assert command.turned[early].tolist() == pytest.approx([0.0] * int(early.sum()), abs=0.2)
        assert not command.upright_s.any()


def test_half_of_the_training_begins_with_the_first_frame_and_the_rest_early_enough_to_stand(stage, command):
    command.cfg.sampling_mode, command.cfg.first_frame_share = "uniform", 0.5
    all_ids = torch.arange(COUNT)
    sampled = []
    for _ in range(100):
        command._uniform_sampling(all_ids)
        sampled += command.time_steps.tolist()
    assert 0.4 < sampled.count(0) / len(sampled) < 0.6
    latest = frames(command) - round(command.cfg.hold_time_s / stage.task.step_dt) - 5
    assert latest - 15 < max(sampled) < latest


def test_an_action_of_zero_follows_the_targets_by_which_the_motion_was_made(stage, command):
    with np.load(command.cfg.motion_file) as file:
        targets = file["joint_targets"]
    command.reset_to_frame(torch.arange(COUNT), 40)
    stage.task.sim.forward()
    term = stage.task.action_manager.get_term("joint_pos")
    term.process_actions(torch.zeros(COUNT, len(targets[0])))
    assert term._processed_actions.numpy() == pytest.approx(np.tile(targets[40], (COUNT, 1)))
    term.process_actions(torch.ones(COUNT, len(targets[0])))
    corrected = term._processed_actions.numpy() - targets[40]
    assert corrected == pytest.approx(term.scale.numpy(), abs=1e-5)


def test_controllers_are_told_that_an_action_is_no_target_by_itself(stage):
    described = describe_actions(stage.task, stage.simulator)
    assert set(described["action_kinds"]) == {"FlipAction"}  # which `verify` and `run-policy` refuse
    assert len(actions_not_included(stage.task)) == 1


def test_an_episode_ends_with_the_motion_by_time_out(stage, command):
    command.reset_to_frame(torch.arange(COUNT), frames(command) - 2)
    stage.task.sim.forward()
    step(stage)
    assert not stage.task.termination_manager.dones.any()
    step(stage)
    assert stage.task.termination_manager.time_outs.all()
    assert not stage.task.termination_manager.terminated.any()


def test_the_suite_begins_every_flip_with_the_first_frame(stage, command):
    command.cfg.sampling_mode = "adaptive"
    suite = find_suite("commands")
    assert suite.cell_count(stage.spec, stage.task.cfg) == 1
    plan = suite.plan(stage)
    assert list(plan.cells) == [{}]
    plan.trial.begin(torch.zeros(COUNT, dtype=torch.long))
    stage.reset(3)
    plan.trial.started()
    assert command.time_steps.tolist() == [1] * COUNT  # a reset is followed by an update
    step(stage)
    plan.trial.step(torch.ones(COUNT, dtype=torch.bool))
    assert set(plan.trial.values()) == {"landed", "turns", "upright_time"}
