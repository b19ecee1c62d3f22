"""What a training writes for people waits for room, and loses nothing; the training goes on."""

from __future__ import annotations

import os
import struct
import subprocess
import sys

import pytest

from tests.fake_training import ListLink
from tests.point_spec import SPEC
from tests.trainer.full_disk import largest_file
from trainer_proc.contract.messages import IterationFinished
from trainer_proc.contract.products import CheckpointFailed, CheckpointSaved, WriteDelayed
from trainer_proc.metrics.event_file import PatientFile, make_event_files_patient
from trainer_proc.steering.boundary import Steering

ITERATIONS = 8


@pytest.fixture
def reports():
    return []


def test_records_that_a_full_disk_refuses_are_written_later_whole_and_in_order(tmp_path, reports):
    file = PatientFile(str(tmp_path / "events"), reports.append)
    file.write(b"a" * 100)
    with largest_file(150):  # half of the next record fits
        file.write(b"b" * 100)
        file.write(b"c" * 100)
    file.write(b"d" * 100)
    file.close()
    assert (tmp_path / "events").read_bytes() == b"".join(letter * 100 for letter in (b"a", b"b", b"c", b"d"))
    assert len(reports) == 2
    assert "File too large" in reports[0]
    assert reports[1] == ""


def test_a_file_follows_its_folder_and_waits_for_one_that_is_not_there(tmp_path, reports):
    here, away = tmp_path / "run", tmp_path / "away"
    file = PatientFile(str(here / "events"), reports.append)
    file.write(b"1")
    assert len(reports) == 1
    here.mkdir()
    file.write(b"2")
    here.rename(away)
    file.write(b"3")
    file.close()
    assert (away / "events").read_bytes() == b"123"
    assert reports[1:] == [""]


def test_a_script_without_tensorboard_is_left_alone(reports, monkeypatch):
    for library in ("tensorboard.summary.writer", "tensorboardX.record_writer"):
        monkeypatch.setitem(sys.modules, library, None)
    make_event_files_patient(reports.append)
    assert reports == []


def iterations_in_events(folder):
    """Return the iterations of one scalar in the event files, in order; every record must be whole."""
    from tensorboard.compat.proto.event_pb2 import Event

    found = []
    for path in sorted(folder.path.glob("events.out.tfevents.*")):
        data, position = path.read_bytes(), 0
        while position < len(data):
            (length,) = struct.unpack_from("<Q", data, position)
            event = Event.FromString(data[position + 12 : position + 12 + length])
            position += length + 16
            found += [event.step for value in event.summary.value if value.tag == "Loss/value"]
    return found


def test_a_folder_without_room_for_a_while_costs_a_training_nothing_but_time(folder, monkeypatch):
    from tests.tiny_training import STEPS, PointEnv, make_runner
    from trainer_proc.training.build import make_steerable

    monkeypatch.setattr("trainer_proc.checkpoints.save._RETRY_SECONDS", 0.0)
    make_event_files_patient(lambda problem: None)
    limits = []

    class PointOnAFullDisk(PointEnv):
        def step(self, actions):
            answer = super().step(actions)
            if len(self.weights_seen) == 2 * STEPS:
                limits.append(largest_file(1024))
                limits[0].__enter__()
            if len(self.weights_seen) == 6 * STEPS:
                limits[0].__exit__(None, None, None)
            return answer

    runner = make_runner(str(folder.path), environment=PointOnAFullDisk)
    runner.cfg["save_interval"] = 3  # saves during the trouble, at iteration 3
    link = ListLink()
    jobs = make_steerable(runner, Steering(link), link, folder, SPEC)
    with jobs:
        runner.learn(ITERATIONS)
    runner.logger.writer.close()
    assert len(link.of(IterationFinished)) == ITERATIONS
    assert [body.iteration for body in link.of(CheckpointFailed)] == [3]
    assert 5 in [body.iteration for body in link.of(CheckpointSaved)]  # at once, not only when rsl-rl saves again
    assert [bool(body.reason) for body in link.of(WriteDelayed)] == [True, False]
    assert iterations_in_events(folder) == list(range(ITERATIONS))


def test_the_last_checkpoint_is_kept_elsewhere_if_the_folder_is_gone(folder, tmp_path, monkeypatch):
    from tests.tiny_training import STEPS, PointEnv, make_runner
    from trainer_proc.training.build import make_steerable

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (tmp_path / f"humanoid-tui-{folder.name}").symlink_to(foreign)  # laid there by another user

    class PointWhoseFolderMoves(PointEnv):
        def step(self, actions):
            if len(self.weights_seen) == 2 * STEPS:
                folder.path.rename(tmp_path / "moved")
            return super().step(actions)

    runner = make_runner(str(folder.path), environment=PointWhoseFolderMoves)
    link = ListLink()
    with make_steerable(runner, Steering(link), link, folder, SPEC):
        runner.learn(4)
    assert len(link.of(IterationFinished)) == 4
    (kept,) = tmp_path.glob(f"humanoid-tui-{folder.name}-*/model_3.pt")
    assert f"kept in {kept.parent}" in link.of(CheckpointFailed)[-1].reason
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    assert list(foreign.iterdir()) == []


def test_an_error_in_the_training_leaves_a_checkpoint_of_the_last_iteration(folder):
    from tests.tiny_training import STEPS, PointEnv, make_runner
    from trainer_proc.training.build import make_steerable

    class BrokenPoint(PointEnv):
        def step(self, actions):
            if len(self.weights_seen) == 3 * STEPS:
                raise ZeroDivisionError
            return super().step(actions)

    runner = make_runner(str(folder.path), environment=BrokenPoint)
    link = ListLink()
    with pytest.raises(ZeroDivisionError), make_steerable(runner, Steering(link), link, folder, SPEC):
        runner.learn(9)
    assert [body.path for body in link.of(CheckpointSaved)] == ["model_0.pt", "model_2.pt"]


def test_a_gpu_that_has_failed_hides_no_error(folder, monkeypatch):
    from tests.tiny_training import STEPS, PointEnv, make_runner
    from trainer_proc.training.build import make_steerable

    def fails(algorithm):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    class PointOnAFailingGpu(PointEnv):
        def step(self, actions):
            if len(self.weights_seen) == 2 * STEPS:
                monkeypatch.setattr("trainer_proc.checkpoints.save.has_finite_weights", fails)
                raise ZeroDivisionError
            return super().step(actions)

    runner = make_runner(str(folder.path), environment=PointOnAFailingGpu)
    link = ListLink()
    with pytest.raises(ZeroDivisionError), make_steerable(runner, Steering(link), link, folder, SPEC):
        runner.learn(9)
    assert link.of(CheckpointFailed)[-1].reason.startswith("the last checkpoint is lost: CUDA error: an illegal")


def test_printing_to_a_full_disk_raises_nothing_and_is_noted_afterwards(tmp_path):
    program = (
        "import os, sys\n"
        "from trainer_proc.training.console import keep_printing\n"
        "keep_printing()\n"
        "room = os.dup(1)\n"
        "os.dup2(os.open('/dev/full', os.O_WRONLY), 1)\n"
        "print('lost')\n"
        "os.dup2(room, 1)\n"
        "print('found')\n"
        "os.dup2(os.open('/dev/full', os.O_WRONLY), 1)\n"
        "print('lost at the end', end='')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "\n[console] 5 bytes could not be written here\nfound\n"
