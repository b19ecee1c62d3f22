"""Finding a checkpoint to export or to start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.session.checkpoints import NoCheckpoint, checkpoint_to_start_from, find_checkpoint, iteration_of


@pytest.fixture
def saved(make_run):
    folder = make_run()
    for iteration in (9, 50, 100):
        folder.checkpoint(iteration).touch()
    return folder


def test_the_newest_is_that_of_the_last_iteration(saved):
    assert find_checkpoint(saved, None) == saved.checkpoint(100)
    assert find_checkpoint(saved, "9") == saved.checkpoint(9)
    assert find_checkpoint(saved, str(saved.checkpoint(50))) == saved.checkpoint(50)


def test_one_that_is_not_there_is_told_with_the_newest(saved, make_run):
    with pytest.raises(NoCheckpoint, match=r"there is no checkpoint 7; the newest of .*: model_9.pt, model_50.pt, "):
        find_checkpoint(saved, "7")
    with pytest.raises(NoCheckpoint, match="has no checkpoint yet"):
        find_checkpoint(make_run("2026-03-01_11-00-00"), None)


def test_a_launch_starts_from_a_file_or_from_a_run_s_newest(saved, tmp_path, monkeypatch):
    monkeypatch.chdir(saved.path)
    assert checkpoint_to_start_from("model_9.pt", tmp_path / "logs") == saved.checkpoint(9)
    assert checkpoint_to_start_from(saved.name, tmp_path / "logs") == saved.checkpoint(100)
    assert checkpoint_to_start_from("latest", tmp_path / "logs").is_absolute()
    with pytest.raises(NoCheckpoint, match=r"no file model_7.pt to start from, and as a run: there is no run"):
        checkpoint_to_start_from("model_7.pt", tmp_path / "logs")


def test_the_iteration_is_in_the_name():
    assert iteration_of(Path("/runs/model_120.pt")) == 120
    assert iteration_of(Path("best.pt")) is None
