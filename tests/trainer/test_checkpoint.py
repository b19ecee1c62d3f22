"""Checkpoints and copies for an export: whole or absent, whatever happens meanwhile."""

from __future__ import annotations

import os
import resource
import signal
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import torch

from tests.tiny_training import make_runner
from trainer_proc.checkpoint import copy_policy, make_saves_whole
from trainer_proc.export_job import ExportJobs
from trainer_proc.wire.messages import ExportFailed, ExportStarted

OLD, NEW = b"the checkpoint of before", b"the new checkpoint, which is longer than the one before"


class HalfwayRunner:
    """Saves in two halves; `halfway` is called in between."""

    def __init__(self, halfway=lambda: None):
        self.current_learning_iteration = 7
        self.halfway = halfway
        self.infos = None
        self.saved = []
        self.failed = []
        make_saves_whole(
            self,
            on_saved=lambda iteration, path: self.saved.append((iteration, path)),
            on_failed=lambda iteration, reason: self.failed.append((iteration, reason)),
        )

    def save(self, path, infos=None):
        self.infos = infos
        with open(path, "wb") as file:
            file.write(NEW[:20])
            file.flush()
            self.halfway()
            file.write(NEW[20:])


@pytest.fixture
def target(tmp_path):
    target = tmp_path / "model_7.pt"
    target.write_bytes(OLD)
    return target


def test_a_save_replaces_the_file_and_is_told(target):
    runner = HalfwayRunner(lambda: seen.append(target.read_bytes()))
    seen = []
    runner.save(str(target), {"why": "test"})
    assert seen == [OLD]
    assert target.read_bytes() == NEW
    assert runner.saved == [(7, target)]
    assert runner.infos == {"why": "test"}
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("error", [OSError("no space left"), RuntimeError("unexpected pos\n64 vs 128")])
def test_a_full_disk_leaves_the_old_file_and_the_training_alone(target, error):
    def fail():
        raise error

    runner = HalfwayRunner(fail)
    runner.save(str(target))
    assert target.read_bytes() == OLD
    assert list(target.parent.iterdir()) == [target]
    assert runner.saved == []
    ((iteration, reason),) = runner.failed
    assert iteration == 7
    assert reason == f"model_7.pt can't be saved: {' '.join(str(error).split())}"


def test_an_interrupted_save_leaves_the_old_file(target):
    def interrupt():
        raise KeyboardInterrupt

    runner = HalfwayRunner(interrupt)
    with pytest.raises(KeyboardInterrupt):
        runner.save(str(target))
    assert target.read_bytes() == OLD
    assert list(target.parent.iterdir()) == [target]
    assert runner.saved == runner.failed == []


def test_a_trainer_killed_halfway_leaves_the_old_file_and_no_half_checkpoint(folder):
    target = folder.checkpoint(7)
    target.write_bytes(OLD)
    runner = HalfwayRunner(lambda: os.kill(os.getpid(), signal.SIGKILL))
    child = os.fork()
    if child == 0:
        runner.save(str(target))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert target.read_bytes() == OLD
    assert folder.checkpoints() == [target]


def test_checkpoints_are_listed_by_iteration(folder):
    for name in ("model_10.pt", "model_9.pt", "model_x.pt", ".model_11.pt", "model_8.pt.tmp"):
        (folder.path / name).touch()
    assert [path.name for path in folder.checkpoints()] == ["model_9.pt", "model_10.pt"]


def test_rsl_rl_reads_back_what_was_saved(folder):
    runner = make_runner(str(folder.path))
    make_saves_whole(runner, lambda iteration, path: None, lambda iteration, reason: None)
    runner.save(str(folder.checkpoint(0)))
    other = make_runner(str(folder.path))
    with torch.no_grad():
        next(other.alg.actor.parameters()).add_(1.0)
    other.load(str(folder.checkpoint(0)))
    assert_same_weights(runner.alg.actor.state_dict(), other.alg.actor.state_dict())


def assert_same_weights(left, right):
    assert left.keys() == right.keys()
    for name, value in left.items():
        assert torch.equal(value, right[name]), name


def test_a_copied_policy_stays_as_it_was_while_training_goes_on():
    runner = make_runner()
    before = {name: value.clone() for name, value in runner.alg.actor.state_dict().items()}
    copied = copy_policy(runner, 12)
    with torch.no_grad():
        for parameter in runner.alg.actor.parameters():
            parameter += 1.0
    assert copied["iter"] == 12
    assert_same_weights(copied["actor_state_dict"], before)


# --- Exports beside a training ----------------------------------------------------------------------------


@contextmanager
def largest_file(size):
    """Let no file of this process grow beyond `size` bytes, which fails as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def export(folder):
    """Export the policy of a tiny training; return the two bodies that tell of it."""
    emitted = []
    jobs = ExportJobs(folder, emitted.append)
    jobs.start(make_runner(), 5)
    jobs.wait()
    started, ended = emitted
    assert isinstance(started, ExportStarted)
    return ended


def test_an_export_that_can_not_work_says_why_in_one_line(folder):
    failed = export(folder)  # the run has no params/policy.json
    assert isinstance(failed, ExportFailed)
    assert failed.iteration == 5
    assert len(failed.reason.splitlines()) == 1
    assert "policy.json" in failed.reason


def test_an_export_to_a_full_disk_fails_and_another_can_be_asked_for(folder):
    with largest_file(1000):
        failed = export(folder)
    assert isinstance(failed, ExportFailed)
    assert len(failed.reason.splitlines()) == 1


@pytest.mark.parametrize(
    ("output", "reason"),
    [("", "no answer"), ("not json", "no answer"), ("{}", "no answer"), ("[]", "no answer"), ('{"error": "!"}', "!")],
)
def test_whatever_the_exporter_prints_the_export_ends(folder, output, reason, monkeypatch, tmp_path):
    exporter = tmp_path / "exporter"
    exporter.write_text(f"#!/bin/sh\ncat <<'END'\n{output}\nEND\n")
    exporter.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(exporter))
    failed = export(folder)
    assert isinstance(failed, ExportFailed)
    assert reason in failed.reason
    assert len(failed.reason.splitlines()) == 1


def test_waiting_for_no_export_returns(folder):
    ExportJobs(folder, SimpleNamespace).wait()
