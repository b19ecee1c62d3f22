"""An export's files in their folder: all or none, and nothing else is touched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trainer_proc.export.folder import put_in_place, temporary_folder

FILES = ("policy.json", "policy.onnx", "policy.pt", "policy_weights.pt")


def place(target: Path) -> None:
    """Place a new export."""
    with temporary_folder(target) as folder:
        for name in FILES:
            (folder / name).write_text("new")
        put_in_place(folder, target)


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.fixture
def target(tmp_path):
    return tmp_path / "run" / "exported"


def test_files_of_an_earlier_export_are_replaced_and_all_others_stay(target):
    target.mkdir(parents=True)
    for name in (*FILES, "policy.onnx.data", "notes.txt"):
        (target / name).write_text("old")
    place(target)
    assert contents(target) == dict.fromkeys(FILES, "new") | {"notes.txt": "old"}


@pytest.mark.parametrize("failing_at", FILES)
@pytest.mark.parametrize("earlier", [(), ("policy.onnx", "policy.onnx.data"), FILES])
def test_a_file_that_can_not_be_placed_brings_the_earlier_export_back(target, monkeypatch, failing_at, earlier):
    target.mkdir(parents=True)
    for name in (*earlier, "notes.txt"):
        (target / name).write_text("old")
    replace = Path.replace

    def failing(self, to):
        if to == target / failing_at and self.parent.parent == target:
            raise OSError("no space")
        return replace(self, to)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OSError, match="no space"):
        place(target)
    assert contents(target) == dict.fromkeys((*earlier, "notes.txt"), "old")


def test_the_card_is_taken_away_first_and_placed_last(target, monkeypatch):
    place(target)
    moved = []
    replace = Path.replace
    monkeypatch.setattr(Path, "replace", lambda self, to: (moved.append(self.name), replace(self, to)))
    place(target)
    assert moved[0] == moved[-1] == "policy.json"


def test_a_failed_export_leaves_no_folder_that_was_not_there(target):
    with pytest.raises(RuntimeError, match="the check failed"), temporary_folder(target):
        raise RuntimeError("the check failed")
    assert not target.exists()


def test_what_a_killed_export_left_is_removed_and_a_running_ones_folder_is_not(target):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    killed = target / f".unfinished.1.{ended.pid}"
    running = target / f".unfinished.1.{os.getpid()}"
    killed.mkdir(parents=True)
    running.mkdir()
    place(target)
    assert {path.name for path in target.iterdir()} == {*FILES, running.name}
