"""Finding a checkpoint to export or to start from."""

from __future__ import annotations

import os
from pathlib import Path
from zipfile import ZipFile

import pytest
from msgspec.structs import replace

from tests.whole_checkpoint import WHOLE_CHECKPOINT
from trainer_proc.contract.best_checkpoint import BestCheckpoint, best_file, keep_best
from trainer_proc.contract.checkpoint_damage import damage_notice
from trainer_proc.contract.run_folder import iteration_of
from tui.session.runs.checkpoints import (
    CheckpointNotFound,
    checkpoint_to_start_from,
    find_checkpoint,
    iteration_in,
    origin_of,
    run_of,
)


@pytest.fixture
def saved(make_run):
    folder = make_run()
    for iteration in (9, 50, 100):
        folder.checkpoint(iteration).write_bytes(WHOLE_CHECKPOINT)
    return folder


def test_the_newest_is_that_of_the_last_iteration(saved):
    assert find_checkpoint(saved, None) == saved.checkpoint(100)
    assert find_checkpoint(saved, "9") == saved.checkpoint(9)
    assert find_checkpoint(saved, str(saved.checkpoint(50))) == saved.checkpoint(50)


def test_one_that_is_not_there_is_told_with_the_nearest(saved, make_run):
    saved.checkpoint(200).write_bytes(WHOLE_CHECKPOINT)
    for wanted, nearest in (("7", "model_9.pt, model_50.pt, model_100.pt"), ("110", "model_50.pt, model_100.pt, mod")):
        with pytest.raises(CheckpointNotFound, match=rf"no such checkpoint: {wanted}; the nearest of .*: {nearest}"):
            find_checkpoint(saved, wanted)
    with pytest.raises(CheckpointNotFound, match=r"no such checkpoint: best.pt; the newest of .*: model_50.pt, mod"):
        find_checkpoint(saved, "best.pt")
    with pytest.raises(CheckpointNotFound, match="has no checkpoint yet"):
        find_checkpoint(make_run("2026-03-01_11-00-00"), None)


def test_the_best_one_has_a_name_too(saved):
    assert find_checkpoint(saved, "latest") == saved.checkpoint(100)
    with pytest.raises(CheckpointNotFound, match="has no best checkpoint: train with --evaluate-every N"):
        find_checkpoint(saved, "best")
    keep_best(saved, BestCheckpoint(iteration=50, suite="quick", measure="score", value=0.5))
    assert find_checkpoint(saved, "best") == saved.checkpoint(50)  # its name stays when a better one comes
    saved.checkpoint(50).unlink()
    assert find_checkpoint(saved, "best") == best_file(saved)
    assert (iteration_in(best_file(saved)), iteration_in(saved.checkpoint(9))) == (50, 9)


def test_a_checkpoint_belongs_to_the_run_whose_folder_it_lies_in(saved, tmp_path):
    assert run_of(saved.checkpoint(9)) == str(saved.path)
    assert run_of(tmp_path / "model_9.pt") == ""
    spec = saved.read_spec()
    assert origin_of(spec) == ""
    forked = replace(spec, parent=str(saved.path), checkpoint=str(saved.checkpoint(9)))
    assert origin_of(forked) == f"from {saved.name} at 9"
    assert origin_of(replace(forked, checkpoint="best.pt")) == f"from {saved.name}"


def test_a_launch_starts_from_a_file_or_from_a_run_s_newest(saved, tmp_path, monkeypatch):
    monkeypatch.chdir(saved.path)
    assert checkpoint_to_start_from("model_9.pt", tmp_path / "logs") == saved.checkpoint(9)
    assert checkpoint_to_start_from(saved.name, tmp_path / "logs") == saved.checkpoint(100)
    assert checkpoint_to_start_from("latest", tmp_path / "logs").is_absolute()
    with pytest.raises(CheckpointNotFound, match=r"expected a checkpoint file or a run, got model_7.pt: no such run"):
        checkpoint_to_start_from("model_7.pt", tmp_path / "logs")


def test_the_iteration_is_in_the_name():
    assert iteration_of(Path("/runs/model_120.pt")) == 120
    assert iteration_of(Path("best.pt")) is None


# --- damaged files ---


@pytest.fixture
def archive(tmp_path):
    """The bytes of a zip archive with one part, as `torch.save` writes it."""
    with ZipFile(tmp_path / "archive.pt", "w") as file:
        file.writestr("archive/data/0", bytes(range(256)) * 40)
    return (tmp_path / "archive.pt").read_bytes()


def damaged_ways(archive):
    flipped, unknown = bytearray(archive), bytearray(archive)
    flipped[200] ^= 1
    unknown[archive.index(b"PK\x01\x02") + 10] = 77  # the directory names a way of compression that nobody knows
    return {
        "empty": b"",
        "cut off": archive[: len(archive) // 2],
        "damaged in archive/data/0": bytes(flipped),
        "damaged": bytes(unknown),
    }


def test_the_latest_is_the_newest_that_is_whole(saved, archive):
    saved.checkpoint(50).write_bytes(archive)
    for damage, content in damaged_ways(archive).items():
        saved.checkpoint(100).write_bytes(content)
        assert find_checkpoint(saved, None) == saved.checkpoint(50)
        assert damage_notice(saved.checkpoint(50)) == f"model_100.pt is {damage}: model_50.pt is used"
        with pytest.raises(CheckpointNotFound, match=f"model_100.pt is {damage}: choose another checkpoint"):
            find_checkpoint(saved, "100")
        with pytest.raises(CheckpointNotFound, match=f"model_100.pt is {damage}: choose another checkpoint"):
            checkpoint_to_start_from(str(saved.checkpoint(100)), saved.path)
    saved.checkpoint(100).unlink()
    os.mkfifo(saved.checkpoint(100))
    assert find_checkpoint(saved, None) == saved.checkpoint(50)
    saved.checkpoint(100).unlink()
    saved.checkpoint(100).write_bytes(b"another format, which the trainer judges")
    assert find_checkpoint(saved, None) == saved.checkpoint(100)
    assert damage_notice(saved.checkpoint(100)) == ""


def test_without_a_whole_one_there_is_none(saved):
    for checkpoint in saved.checkpoints():
        checkpoint.write_bytes(b"")
    with pytest.raises(CheckpointNotFound, match=r"has no whole checkpoint: model_100\.pt is empty"):
        find_checkpoint(saved, None)
