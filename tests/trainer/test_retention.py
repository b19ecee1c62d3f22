"""Which checkpoints stay, and that nothing else is ever deleted."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from presets.checkpoints import Retention
from trainer_proc.checkpoints.retention import CheckpointRetention, Needed, kept
from trainer_proc.contract.best_checkpoint import BestCheckpoint, best_checkpoint, best_file, keep_best, read_best
from trainer_proc.contract.checkpoint_use import in_use

SMALL = st.integers(0, 60)
RULES = st.builds(
    Retention,
    newest=st.integers(1, 5),
    every=st.none() | st.integers(1, 10),
    best=st.booleans(),
    before_changes=st.booleans(),
)


@given(st.frozensets(SMALL), RULES, st.lists(SMALL), st.lists(SMALL), st.lists(SMALL), st.none() | SMALL)
def test_each_rule_keeps_its_checkpoints_and_no_other_is_kept(iterations, rules, below, changes, exactly, best):
    keep = kept(iterations, rules, Needed(tuple(below), tuple(changes), tuple(exactly)), best)
    assert keep <= iterations
    limits = below + (changes if rules.before_changes else [])
    for iteration in iterations:
        newer = [other for other in iterations if other > iteration]
        reasons = [
            len(newer) < rules.newest,
            rules.every is not None and iteration % rules.every == 0,
            rules.best and iteration == best,
            iteration in exactly,
            any(iteration < limit and not any(other < limit for other in newer) for limit in limits),
        ]
        assert (iteration in keep) == any(reasons)


@given(st.lists(SMALL, unique=True, min_size=1), RULES)
def test_deleting_after_each_save_never_deletes_the_newest_and_repeating_it_deletes_nothing(iterations, rules):
    on_disk = set()
    for iteration in sorted(iterations):
        on_disk = kept(on_disk | {iteration}, rules, Needed(), None)
        assert iteration in on_disk
        assert kept(on_disk, rules, Needed(), None) == on_disk


class Retained:
    """A retention in `folder`, and what it reports."""

    def __init__(self, folder, **rules):
        self.deleted, self.failed = [], []
        self.folder = folder
        self.retention = CheckpointRetention(
            folder, Retention(**rules), lambda names: self.deleted.extend(names), self.failed.append
        )

    def apply(self, **needed):
        self.retention.apply(Needed(**needed))
        self.retention.finish()
        return {path.name for path in self.folder.path.glob("*.pt")}


def save(folder, *iterations):
    for iteration in iterations:
        folder.checkpoint(iteration).write_bytes(b"%d" % iteration)


def test_what_no_rule_keeps_is_deleted_and_reported(folder):
    save(folder, 0, 50, 100, 150, 200, 250)
    retained = Retained(folder, newest=2, every=100)
    assert retained.apply(changes=(60,)) == {f"model_{kept}.pt" for kept in (0, 50, 100, 200, 250)}
    assert retained.deleted == ["model_150.pt"]
    assert retained.failed == []


def test_files_of_other_names_and_links_are_never_deleted(folder, tmp_path):
    save(folder, 0, 1, 2)
    elsewhere = tmp_path / "elsewhere.pt"
    elsewhere.write_bytes(b"mine")
    folder.checkpoint(3).symlink_to(elsewhere)
    others = {"model_best.pt", "model_.pt", "model_1_backup.pt", "mine.pt", "model_-1.pt"}
    for name in others:
        (folder.path / name).write_bytes(b"")
    assert Retained(folder, newest=1).apply() == others | {"model_3.pt"}
    save(folder, 4)
    assert Retained(folder, newest=1).apply() == others | {"model_3.pt", "model_4.pt"}
    assert elsewhere.read_bytes() == b"mine"


def test_one_that_a_process_uses_stays_until_it_is_free(folder):
    save(folder, 0, 1)
    retained = Retained(folder, newest=1)
    with in_use(folder.checkpoint(0)):
        assert retained.apply() == {"model_0.pt", "model_1.pt"}
    assert retained.apply() == {"model_1.pt"}


def test_one_that_another_run_was_started_from_stays(folder, make_run):
    save(folder, 0, 1, 2)
    retained = Retained(folder, newest=1)
    fork = make_run("2026-03-01_11-00-00", experiment="elsewhere")
    fork.write_spec(replace(fork.read_spec(), checkpoint=str(folder.checkpoint(1))))
    make_run("2026-03-01_12-00-00").spec_file.write_text("damaged")
    assert retained.apply() == {"model_1.pt", "model_2.pt"}


def test_a_folder_that_refuses_is_reported(folder):
    save(folder, 0, 1)
    retained = Retained(folder, newest=1)
    folder.checkpoint(0).unlink()
    folder.checkpoint(0).mkdir()  # cannot be opened as a file
    retained.apply()
    (failed,) = set(retained.failed)
    assert failed.startswith("checkpoints can't be deleted: ")


# --- The best one ----------------------------------------------------------------------------------------


def best_of(iteration, value=0.5):
    return BestCheckpoint(iteration=iteration, suite="quick", measure="score", value=value)


def test_the_best_is_a_whole_file_that_no_list_of_checkpoints_has(folder):
    save(folder, 9, 10)
    assert (read_best(folder), best_checkpoint(folder)) == (None, None)
    keep_best(folder, best_of(9))
    assert read_best(folder) == best_of(9)
    assert best_checkpoint(folder) == folder.checkpoint(9)
    assert folder.checkpoints() == [folder.checkpoint(9), folder.checkpoint(10)]
    keep_best(folder, best_of(10))
    folder.checkpoint(10).unlink()
    assert best_checkpoint(folder) == best_file(folder)
    assert best_file(folder).read_bytes() == b"10"
    assert not [path for path in folder.path.iterdir() if path.name.startswith(".")]


def test_the_best_is_copied_where_there_are_no_links(folder, monkeypatch):
    def refuse(*paths):
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    save(folder, 9)
    keep_best(folder, best_of(9))
    save(folder, 9)
    assert best_file(folder).read_bytes() == b"9"
    assert best_file(folder).stat().st_nlink == 1


def test_the_end_of_the_training_deletes_what_the_last_evaluation_has_made_obsolete(folder):
    save(folder, 0, 1, 2)
    keep_best(folder, best_of(0))
    retained = Retained(folder, newest=1)
    assert retained.apply() == {"model_0.pt", "model_2.pt", "model_best.pt"}
    keep_best(folder, best_of(2))
    retained.retention.finish()
    assert retained.deleted == ["model_1.pt", "model_0.pt"]


def test_retention_keeps_the_best_under_its_number(folder):
    save(folder, 0, 1, 2)
    keep_best(folder, best_of(1))
    assert Retained(folder, newest=1).apply() == {"model_1.pt", "model_2.pt", "model_best.pt"}
    assert Retained(folder, newest=1, best=False).apply() == {"model_2.pt", "model_best.pt"}


@pytest.mark.parametrize("damage", [b"", b"{}", b"[1]", b"\xff"])
def test_a_damaged_description_is_no_best_one_but_its_file_is(folder, damage):
    save(folder, 1)
    keep_best(folder, best_of(1))
    (folder.path / "model_best.json").write_bytes(damage)
    assert read_best(folder) is None
    assert best_checkpoint(folder) == best_file(folder)
