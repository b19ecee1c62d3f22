"""Whatever fails in what observes a training: the training goes on, learns the same, and the failure is reported."""

from __future__ import annotations

import importlib

import pytest

from tests.fake_training import ListLink
from tests.point_spec import SPEC
from trainer_proc.contract.export_process import ExportError
from trainer_proc.contract.messages import IterationFinished
from trainer_proc.contract.monitoring import LeftOut
from trainer_proc.contract.products import CheckpointSaved, ExportFailed
from trainer_proc.contract.requests import Export
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.steering.boundary import Steering


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global CurriculumPoint, make_runner, make_steerable, torch
    import torch

    from tests.own_curriculum import CurriculumPoint
    from tests.tiny_training import make_runner
    from trainer_proc.training.build import make_steerable


ITERATIONS = 3
CLASSES = (
    "trainer_proc.metrics.policy_change:PolicyChange",
    "trainer_proc.metrics.gradient_norms:GradientNorms",
    "trainer_proc.metrics.ppo_diagnostics:ExplainedVariance",
    "trainer_proc.metrics.success.rate:SuccessRate",
    "trainer_proc.metrics.success.rate:EpisodeWindow",
    "trainer_proc.metrics.success.rules:_TimeOut",
    "trainer_proc.metrics.stream:MetricStream",
    "trainer_proc.steering.guards:NotFiniteGuard",
    "trainer_proc.steering.guards:KlGuard",
    "trainer_proc.steering.guards:FallGuard",
    "trainer_proc.steering.guards:OverflowGuard",
    "trainer_proc.steering.collection_guard:CollectionGuard",
    "trainer_proc.knobs.curriculum_terms:CurriculumTerms",
    "trainer_proc.knobs.curriculum_terms:_Mark",
)
"""Classes that only observe: each of their methods is broken in turn."""
CALL_THE_TRAINING = {
    "PolicyChange._observed_log_probability",
    "PolicyChange._with_batches_remembered",
    "PolicyChange._remembering",
    "GradientNorms._clip",
    "ExplainedVariance._observed_returns",
    "CurriculumTerms.call",
}
"""Wrappers of the training's own functions: without them, these are not called."""
LIMITED = ("KlGuard", "FallGuard", "OverflowGuard", "CollectionGuard")
"""Guards with limits."""
STEERING = {
    "MetricStream.__init__",
    "MetricStream.start_clock",
    "CurriculumTerms.hold",
    "CurriculumTerms.release",
    *(f"{guard}.__init__" for guard in ("NotFiniteGuard", *LIMITED)),
    *(f"{guard}.limits" for guard in LIMITED),
}
"""Methods that observe nothing."""
FUNCTIONS = (
    "trainer_proc.training.build:simulator_of",
    "trainer_proc.training.build:steered_terrain",
    "trainer_proc.training.build:record_policy",
    "trainer_proc.knobs.discover:algorithm_knobs",
    "trainer_proc.knobs.discover:environment_knobs",
    "trainer_proc.knobs.discover:curriculum_term_knobs",
    "trainer_proc.knobs.discover:reward_knobs",
    "trainer_proc.training.attach_checkpoints:environment_infos",
    "trainer_proc.training.attach_checkpoints:to_infos",
    "trainer_proc.training.attach_checkpoints:command_infos",
    "trainer_proc.metrics.ppo_diagnostics:explained_variance",
    "trainer_proc.metrics.policy_change:change_of_samples",
    "trainer_proc.metrics.stream:pack_values",
    "trainer_proc.metrics.success.rate:time_outs_of",
    "trainer_proc.export.job:copy_policy",
)


class Broken(Exception):
    """Raised by what was broken."""


def methods(path):
    module, _, name = path.partition(":")
    cls = getattr(importlib.import_module(module), name)
    names = [attribute for attribute, value in vars(cls).items() if callable(value)]
    names = [method for method in names if f"{name}.{method}" not in CALL_THE_TRAINING | STEERING]
    return cls, [method for method in names if not method.startswith("__") or method == "__init__"]


def break_it(monkeypatch, owner, name, good_calls):
    """Make calls of `owner.name` after the first `good_calls` raise; return the list of broken calls."""
    original, calls, broken = getattr(owner, name), [], []

    def breaking(*args, **kwargs):
        calls.append(name)
        if len(calls) > good_calls:
            broken.append(name)
            raise Broken(f"{name} is broken")
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, breaking)
    return broken


def train(folder, is_steered=True):
    """Train on an environment with a curriculum of its own; return the link and the weights."""
    runner = make_runner(str(folder.path), environment=CurriculumPoint)
    link = ListLink([], [Export()])
    if is_steered:
        make_steerable(runner, Steering(link), link, folder, SPEC)
    runner.learn(ITERATIONS)
    runner.logger.writer.close()
    return link, runner.alg.actor.state_dict()


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The weights after the same training without steering."""
    return train(RunFolder(tmp_path_factory.mktemp("plain")), is_steered=False)[1]


@pytest.fixture
def without_export(monkeypatch):
    """Refuse exports once the weights are copied; the export itself takes seconds."""

    def refuse(*_):
        raise ExportError("not here")

    monkeypatch.setattr("trainer_proc.export.job.run_export", refuse)


def breaks(monkeypatch, folder, owner, name, expected):
    """Break `owner.name` from its first call on, and from its third; return whether it was ever called."""
    was_called = False
    for good_calls in (0, 2):
        with monkeypatch.context() as patch:
            broken = break_it(patch, owner, name, good_calls)
            link, weights = train(folder)
        where = f"{name} after {good_calls} calls"
        for key, value in expected.items():
            assert torch.equal(value, weights[key]), where
        assert [body.path for body in link.of(CheckpointSaved)] == ["model_0.pt", "model_2.pt"], where
        if name not in ("finish", "pack_values"):
            assert len(link.of(IterationFinished)) == ITERATIONS, where
        reasons = [body.reason for body in (*link.of(LeftOut), *link.of(ExportFailed))]
        if broken and name != "close":
            assert any(f"{name} is broken" in reason for reason in reasons), where
        was_called |= bool(broken)
    return was_called


@pytest.mark.parametrize("path", CLASSES)
def test_a_broken_method_ends_no_training(path, folder, monkeypatch, expected, without_export):
    cls, names = methods(path)
    called = [name for name in names if breaks(monkeypatch, folder, cls, name, expected)]
    assert called, "none of them was ever called"


@pytest.mark.parametrize("path", FUNCTIONS)
def test_a_broken_function_ends_no_training(path, folder, monkeypatch, expected, without_export):
    module, _, name = path.partition(":")
    breaks(monkeypatch, folder, importlib.import_module(module), name, expected)


def test_a_term_that_is_removed_leaves_its_knobs_and_the_training_alone(folder):
    """A script may take a reward out of its manager, to whose terms the knobs belong."""
    runner = make_runner(str(folder.path), environment=CurriculumPoint)
    link = ListLink()
    make_steerable(runner, Steering(link), link, folder, SPEC)
    del runner.env.curriculum_manager.get_term_cfg("raised").params["by"]
    runner.env.curriculum_manager.active_terms = []
    runner.learn(ITERATIONS)
    runner.logger.writer.close()
    assert len(link.of(IterationFinished)) == ITERATIONS
    assert [body.what for body in link.of(LeftOut)] == ["value of curriculum_term/raised/by"]


def test_a_full_disk_and_a_closed_console_end_no_training(folder, monkeypatch):
    runner = make_runner(str(folder.path))
    link = ListLink()
    make_steerable(runner, Steering(link), link, folder, SPEC)
    initialize = runner.logger.init_logging_writer

    def initialize_and_fill_the_disk():
        initialize()
        monkeypatch.setattr("builtins.print", no_space)

    def no_space(*_, **__):
        raise OSError(28, "No space left on device")

    runner.logger.init_logging_writer = initialize_and_fill_the_disk
    runner.learn(ITERATIONS)
    monkeypatch.undo()
    runner.logger.writer.close()
    assert len(link.of(IterationFinished)) == ITERATIONS
    assert {body.what: body.reason for body in link.of(LeftOut)} == {
        "lines of the console": "OSError: [Errno 28] No space left on device"
    }


class FullWriter:
    """A writer of a user's own, whose disk is full, and which gets values that are no numbers."""

    def __init__(self, log_dir):
        self.written = 0

    def add_scalar(self, tag, value, step):
        self.written += 1
        raise OSError(28, "No space left on device")

    def close(self):
        pass


def test_a_writer_that_fails_ends_no_training(folder):
    runner = make_runner(str(folder.path))
    runner.cfg["logger"] = {"class_name": FullWriter}
    link = ListLink()
    make_steerable(runner, Steering(link), link, folder, SPEC)
    runner.learn(ITERATIONS)
    assert runner.logger.writer.written > 10 * ITERATIONS  # tried again: a disk may have room later
    assert len(link.of(IterationFinished)) == ITERATIONS
    assert {body.what for body in link.of(LeftOut)} == {"records of FullWriter"}


def test_a_user_s_writer_may_end_the_training(folder):
    """As a hyperparameter search that prunes a trial."""

    class Pruned(Exception):
        pass

    class Pruning(FullWriter):
        def add_scalar(self, tag, value, step):
            raise Pruned

    runner = make_runner(str(folder.path))
    runner.cfg["logger"] = {"class_name": Pruning}
    link = ListLink()
    make_steerable(runner, Steering(link), link, folder, SPEC)
    with pytest.raises(Pruned):
        runner.learn(ITERATIONS)
