"""What the runners of other libraries share, tested without a library."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from trainer_proc.knobs.adaptive_schedule import AdaptiveSchedule
from trainer_proc.knobs.algorithm import ADAPTIVE, FIXED, LEARNING_RATE, LINEAR
from trainer_proc.metrics.stream import MetricStream
from trainer_proc.rl_libraries.algorithm import RenamedSetting


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global CheckpointError, ExportError, LibraryEnvironment, LibraryWriter, PointRunner, copy_policy, describe_actor
    global read_checkpoint, torch
    import torch

    from tests.trainer.point_library import PointRunner
    from trainer_proc.checkpoints.load import CheckpointError, read_checkpoint
    from trainer_proc.contract.export_process import ExportError
    from trainer_proc.export.job import copy_policy
    from trainer_proc.export.libraries.registry import describe_actor
    from trainer_proc.rl_libraries.runner import LibraryEnvironment, LibraryWriter


COMMON = {"loss/a": "Loss/surrogate", "again/step": ""}


class Scheduled:
    """An algorithm whose learning rate falls in every update, unless its schedule is fixed."""

    def __init__(self, schedule):
        self.schedule = schedule
        self.desired_kl = None
        self.rate = 1.0

    def update(self):
        if self.schedule != FIXED:
            self.rate /= 2


@pytest.mark.parametrize("schedule", [LINEAR, ADAPTIVE])
def test_a_held_rate_is_kept_from_any_schedule_that_moves_it(schedule):
    algorithm = Scheduled(schedule)
    algorithm.desired_kl = 0.01
    held = AdaptiveSchedule(algorithm, lambda *_: None)
    assert held.competing_writer_of(LEARNING_RATE) == f"the {schedule} schedule"
    assert held.competing_writer_of("ppo/gamma") == ""
    assert held.hold(LEARNING_RATE)
    algorithm.update()
    assert (algorithm.rate, algorithm.schedule) == (1.0, schedule)
    held.release(LEARNING_RATE)
    algorithm.update()
    assert algorithm.rate == 0.5


def test_a_schedule_that_begins_to_move_the_rate_is_reported_by_its_name():
    reports = []
    algorithm = Scheduled(FIXED)
    schedule = AdaptiveSchedule(algorithm, lambda *report: reports.append(report))
    schedule.new_iteration()
    algorithm.schedule = LINEAR
    schedule.new_iteration()
    schedule.new_iteration()
    assert reports == [(LEARNING_RATE, "the linear schedule", False)]


def test_a_renamed_attribute_is_the_library_s_own():
    class Algorithm:
        clip_param = RenamedSetting("e_clip")
        bounds_loss_coef = RenamedSetting("not_there")

        def __init__(self):
            self.settings = SimpleNamespace(e_clip=0.2)

    algorithm = Algorithm()
    algorithm.clip_param = 0.1
    assert algorithm.settings.e_clip == algorithm.clip_param == 0.1
    assert algorithm.bounds_loss_coef is None


def test_scalars_reach_tensorboard_once_under_each_name_and_the_stream_under_the_common_one():
    written, emitted = [], []
    writer = LibraryWriter(lambda *scalar: written.append(scalar), lambda tag: COMMON.get(tag, tag))
    stream = MetricStream(emitted.append)
    stream.tee(writer)
    for tag in ("loss/a", "again/step", "loss/own"):
        writer.take(tag, 3.0)  # written by the library itself
    writer.pass_on(7)
    writer.add_scalar("Train/success_rate", 0.5, 7)
    assert stream.finish(7, 16, 0) == {"Loss/surrogate": 3.0, "loss/own": 3.0, "Train/success_rate": 0.5}
    assert written == [("Loss/surrogate", 3.0, 7), ("Train/success_rate", 0.5, 7)]
    writer.pass_on(8)
    assert len(written) == 2


def test_an_environment_is_described_by_its_spaces():
    spaces = {"policy": SimpleNamespace(shape=(4,)), "camera": SimpleNamespace(shape=(2, 3)), "parts": object()}
    env = SimpleNamespace(
        num_envs=8,
        single_action_space=SimpleNamespace(shape=(3,)),
        single_observation_space=SimpleNamespace(spaces=spaces),
    )
    described = LibraryEnvironment(env)
    assert (described.num_envs, described.num_actions) == (8, 3)
    assert described.observation_sizes == {"policy": 4, "camera": 6}


def test_a_checkpoint_holds_iteration_and_library_and_is_continued_from(tmp_path):
    runner = PointRunner(tmp_path)
    runner.learn(3)
    assert runner.is_closed
    assert runner.logger.tot_timesteps == 30
    content = read_checkpoint(tmp_path / "model_2.pt")
    assert (content["library"], content["iter"], content["weight"].item()) == ("points", 2, 3.0)
    other = PointRunner(tmp_path)
    other.load(str(tmp_path / "model_2.pt"))
    other.current_learning_iteration += 1
    other.learn(2)
    assert (other.current_learning_iteration, other.weight.item()) == (4, 5.0)


def test_a_checkpoint_of_another_library_is_refused_by_name(tmp_path):
    PointRunner(tmp_path).learn(1)
    other = PointRunner(tmp_path)
    other.library = "lines"
    with pytest.raises(CheckpointError, match=r"expected a checkpoint of lines, got one of points"):
        other.load(str(tmp_path / "model_0.pt"))
    torch.save({"actor_state_dict": {}}, tmp_path / "model_9.pt")
    with pytest.raises(CheckpointError, match="got one of rsl_rl"):
        other.load(str(tmp_path / "model_9.pt"))


def test_a_copied_policy_is_a_checkpoint_that_the_training_no_longer_changes(tmp_path):
    runner = PointRunner(tmp_path)
    copied = copy_policy(runner, 7)
    runner.weight += 1
    assert copied == {"point": {"weight": torch.zeros(1)}, "library": "points", "iter": 7}


def test_the_policy_of_an_unknown_library_is_refused_in_one_line(tmp_path):
    with pytest.raises(ExportError, match="expected a policy of rsl_rl, rl_games, skrl, got one of points"):
        describe_actor(PointRunner(tmp_path))
