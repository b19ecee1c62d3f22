"""From TensorBoard's scalars to frames, and steering attached to a real rsl-rl runner."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from tests.fake_training import ListLink
from trainer_proc.contract.codec import unpack_values
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import Change, InterventionApplied, InterventionQueued, IterationFinished, MetricSet
from trainer_proc.contract.products import CheckpointSaved
from trainer_proc.contract.requests import Save, Stop
from trainer_proc.knobs.live import LiveKnob, TrainingKnobs
from trainer_proc.metrics.stream import MetricStream
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.interface import TrainingStopped


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global ENVIRONMENTS, BackgroundJobs, EventAccumulator, EventFileLoader, ExportJobs, STEPS, SuccessRate
    global SummaryWriter, attach, make_runner, torch
    import torch
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    from torch.utils.tensorboard import SummaryWriter

    from tests.tiny_training import ENVIRONMENTS, STEPS, make_runner
    from trainer_proc.export.job import ExportJobs
    from trainer_proc.metrics.success.rate import SuccessRate
    from trainer_proc.training.attach import attach
    from trainer_proc.training.jobs import BackgroundJobs


class Writer:
    """Records scalars as TensorBoard would."""

    def __init__(self):
        self.written = []

    def add_scalar(self, tag, value, step, walltime=None):
        self.written.append((tag, value, step))


@pytest.fixture
def stream():
    emitted = []
    stream = MetricStream(emitted.append)
    stream.emitted = emitted
    stream.writer = Writer()
    stream.tee(stream.writer)
    return stream


def finish(stream, iteration=0, **scalars):
    for name, value in scalars.items():
        stream.writer.add_scalar(name, value, iteration)
    before = len(stream.emitted)
    stream.finish(iteration, 96 * (iteration + 1), 9 - iteration)
    return stream.emitted[before:]


def test_names_are_reported_once_for_each_set_of_them(stream):
    names, first = finish(stream, 0, b=2.0, a=1.0)
    assert names == MetricSet(0, ("a", "b"))
    assert (first.metric_set, unpack_values(first.values)) == (0, (1.0, 2.0))
    (second,) = finish(stream, 1, a=3.0, b=4.0)
    assert (second.metric_set, unpack_values(second.values)) == (0, (3.0, 4.0))
    others, third = finish(stream, 2, a=5.0, c=6.0)
    assert others == MetricSet(1, ("a", "c"))
    assert (third.metric_set, unpack_values(third.values)) == (1, (5.0, 6.0))
    (fourth,) = finish(stream, 3, b=7.0, a=8.0)
    assert (fourth.metric_set, unpack_values(fourth.values)) == (0, (8.0, 7.0))


def test_the_writer_gets_every_scalar_and_the_frame_those_over_iterations(stream):
    scalars = {"Train/mean_reward": 1.5, "Train/mean_reward/time": 2.5, "Perf/collection_time": 0.1}
    names, _ = finish(stream, 7, **scalars)
    assert names.names == ("Perf/collection_time", "Train/mean_reward")
    assert stream.writer.written == [(name, value, 7) for name, value in scalars.items()]


def test_tensors_become_numbers_for_both(stream):
    _, finished = finish(stream, loss=torch.tensor(0.25))
    assert unpack_values(finished.values) == (0.25,)
    assert type(stream.writer.written[0][1]) is float


def test_numbers_that_are_not_finite_are_passed_on(stream):
    _, finished = finish(stream, a=math.nan, b=-math.inf, c=1e300)
    assert str(unpack_values(finished.values)) == "(nan, -inf, inf)"


def test_the_time_left_follows_the_pace_and_ends_at_zero(stream):
    assert finish(stream, 0, a=1.0)[-1].seconds_left > 0.0
    assert finish(stream, 9, a=1.0)[-1].seconds_left == 0.0
    assert finish(stream, 30, a=1.0)[-1].seconds_left == 0.0


OWN = {"Policy/kl": 0.25, "Success/error": math.nan, "Terrain/share": 1e300, "Loss/own": -2.0}


def events_in(folder):
    """Return the events that hold scalars."""
    (path,) = folder.glob("events.out.tfevents.*")
    return [event for event in EventFileLoader(str(path)).Load() if event.HasField("summary")]


def test_own_scalars_are_one_event_that_reads_like_many(tmp_path):
    emitted, folders = [], (tmp_path / "one", tmp_path / "many")
    stream = MetricStream(emitted.append)
    together, apart = (SummaryWriter(str(folder)) for folder in folders)
    stream.tee(together)
    for iteration in range(3):
        assert stream.write_together(OWN, iteration)
        for name, value in OWN.items():
            apart.add_scalar(name, value, iteration)
        stream.finish(iteration, 0, 0)
    for writer in (together, apart):
        writer.close()
    assert [len(events_in(folder)) for folder in folders] == [3, 3 * len(OWN)]
    read = [EventAccumulator(str(folder)).Reload() for folder in folders]
    assert {name for one in read for name in one.Tags()["scalars"]} == set(OWN)
    for name in OWN:
        ours, theirs = ([(event.step, event.value) for event in one.Scalars(name)] for one in read)
        assert str(ours) == str(theirs), name  # also NaN
    assert emitted[0] == MetricSet(0, tuple(sorted(OWN)))
    assert len(emitted) == 1 + 3


def test_writers_for_other_services_get_every_scalar_by_itself(stream, tmp_path):
    class OfAService(SummaryWriter):
        """Passes scalars on, as rsl-rl's writers for W&B and Neptune do."""

    assert not stream.write_together(OWN, 0)
    stream.tee(OfAService(str(tmp_path)))
    assert not stream.write_together(OWN, 0)


# --- Attached to rsl-rl -----------------------------------------------------------------------------------


def train(folder, link, iterations, launch_values=None):
    """Train the tiny environment in `folder` and return its runner."""
    runner = make_runner(str(folder.path))
    steering = Steering(link)
    attach(runner, steering, link.emit, BackgroundJobs(ExportJobs(folder, link.emit)), SuccessRate(runner.env))
    env = runner.env

    def write(value):
        env.weight = value

    knob = LiveKnob(Knob("weight", "reward", 1.0, 1.0, "next iteration"), lambda: env.weight, write)
    steering.publish_knobs(TrainingKnobs([knob], []), launch_values or {})
    try:
        runner.learn(iterations)
    except TrainingStopped:
        link.emitted.append("stopped")
    runner.logger.writer.close()
    return runner


def metrics_of(link):
    """Return values by name, for every iteration."""
    names = {body.id: body.names for body in link.of(MetricSet)}
    return [
        dict(zip(names[body.metric_set], unpack_values(body.values), strict=True))
        for body in link.of(IterationFinished)
    ]


def test_every_iteration_is_published_with_what_tensorboard_holds(folder):
    link = ListLink()
    train(folder, link, 4)
    finished = link.of(IterationFinished)
    assert [body.iteration for body in finished] == [0, 1, 2, 3]
    assert [body.environment_steps for body in finished] == [STEPS * ENVIRONMENTS * n for n in (1, 2, 3, 4)]
    assert finished[-1].seconds_left == 0.0
    published = metrics_of(link)
    assert {"Loss/value", "Policy/kl", "Train/success_rate", "Train/mean_reward", "/speed"} <= published[-1].keys()
    assert published[-1]["Train/success_rate"] == pytest.approx(24 / 72, abs=0.15)  # 5 steps by time-out, 3 without

    written = EventAccumulator(str(folder.path)).Reload()
    assert "Train/mean_reward/time" in written.Tags()["scalars"]
    for iteration, metrics in enumerate(published):
        for name, value in metrics.items():
            stored = {event.step: event.value for event in written.Scalars(name)}
            assert stored[iteration] == pytest.approx(value, nan_ok=True), name


def test_a_change_holds_for_complete_rollouts_from_the_next_iteration_on(folder):
    change = InterventionQueued(1, "person", (Change("weight", 1.0, 5.0),))
    link = ListLink([], [change])
    runner = train(folder, link, 4)
    assert runner.env.weights_seen == [1.0] * 2 * STEPS + [5.0] * 2 * STEPS
    (applied,) = link.of(InterventionApplied)
    assert applied.iteration == 2
    position = link.emitted.index(applied)
    assert link.emitted[position - 1].iteration == 1


def test_a_launch_value_holds_from_the_first_step_on(folder):
    link = ListLink()
    runner = train(folder, link, 1, {"weight": 3.0})
    assert set(runner.env.weights_seen) == {3.0}


def test_checkpoints_are_complete_and_reported(folder):
    link = ListLink([Save()])
    train(folder, link, 3)
    assert [body.path for body in link.of(CheckpointSaved)] == ["model_0.pt", "model_0.pt", "model_2.pt"]
    assert [torch.load(path)["iter"] for path in folder.checkpoints()] == [0, 2]


def test_a_stop_leaves_a_checkpoint_of_the_last_iteration(folder):
    link = ListLink([], [Stop()])
    train(folder, link, 1000)
    assert link.emitted[-1] == "stopped"
    assert link.emitted[-2] == CheckpointSaved(1, "model_1.pt")
    assert torch.load(folder.checkpoint(1))["iter"] == 1


@pytest.mark.parametrize("runs", [True, False])
def test_the_guard_of_slow_collection_knows_whether_periodic_work_runs(folder, runs):
    link = ListLink()
    steering = Steering(link)
    jobs = BackgroundJobs(periodic=(SimpleNamespace(is_running=lambda: runs),))
    attach(make_runner(str(folder.path)), steering, link.emit, jobs, None)
    assert steering.guards.collection.is_disturbed() == runs
